"""What an image depends on besides its inputs: the builder's version, and how layers are kept.

Tried: one build in Buildah 1.28.2 and 1.39.3, each on vfs, on the kernel's overlay and through
fuse-overlayfs, by a user who is not root. The versions write other tar headers (the mode of a
folder is 040755, then 0755), so all layers differ between them. Within 1.39.3 all kinds of stores
give one image. Within 1.28.2 vfs and fuse-overlayfs do, but not the kernel's overlay: it marks a
file or folder that it copied up with `user.overlay.origin` or `user.overlay.impure`, and Buildah
packs the marks with the layer, as those of a user. containers-storage 1.53 stopped that (its pull
request 1847), which Buildah has from 1.35 on. Root's overlay marks by `trusted.*`, which is not
packed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pipeline.host.choose import Chosen, choose
from pipeline.host.observe import observe_basics
from pipeline.lean_dataclasses import dataclass

if TYPE_CHECKING:
    from pipeline.host.facts import Basics, Version

_WITHOUT_MARKS: Version = (1, 35)


@dataclass(frozen=True)
class BuildEngine:
    """What builds images here.

    Attributes:
        engines: what a release records: versions of `buildah` and `podman`, and `storage`:
            `overlay` (the kernel's), `fuse-overlayfs`, `vfs`, …
        marks: whether layers carry marks of the kernel's overlay.
    """

    engines: Mapping[str, str]
    marks: bool

    @property
    def limit(self) -> str:
        """Why an image would not be the same on another host; empty when nothing is known."""
        if not self.marks:
            return ""
        return (
            f"Buildah {self.engines['buildah']} packs marks of the kernel's overlay "
            "(user.overlay.*) into layers: the same input gives another image id on vfs, "
            "through fuse-overlayfs, and with Buildah 1.35 or newer"
        )


def build_engine_of(basics: Basics, chosen: Chosen) -> BuildEngine:
    """What builds images on a host with these facts."""
    storage = chosen.choice("driver").value
    through = "mount_program" in basics.chosen or basics.storage.native_overlay is False
    if storage == "overlay" and through:
        storage = "fuse-overlayfs"
    engines = {name: ".".join(map(str, basics.version(name))) for name in ("buildah", "podman")}
    old = () < basics.version("buildah") < _WITHOUT_MARKS
    rootless = basics.session.uid != 0
    return BuildEngine({**engines, "storage": storage}, old and rootless and storage == "overlay")


def build_engine_here(environment: Mapping[str, str]) -> BuildEngine:
    """What builds images with this environment."""
    basics = observe_basics(environment)
    return build_engine_of(basics, choose(basics))
