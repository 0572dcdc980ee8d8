from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.host.build_engine import build_engine_of
from pipeline.host.choose import choose
from pipeline.host.facts import Basics, Program, Setting
from tests.unit.host.samples import DEBIAN_12, FEDORA

ROOT = replace(DEBIAN_12, session=replace(DEBIAN_12.session, uid=0))
FUSE = replace(DEBIAN_12, chosen={"mount_program": Setting("/usr/bin/fuse-overlayfs", "a file")})
VFS = replace(DEBIAN_12, chosen={"driver": Setting("vfs", "STORAGE_DRIVER")})
REFUSED = replace(
    DEBIAN_12,
    storage=replace(DEBIAN_12.storage, native_overlay=False),
    programs={**DEBIAN_12.programs, "fuse-overlayfs": Program("/usr/bin/fuse-overlayfs")},
)


@pytest.mark.parametrize(
    ("basics", "storage", "marks"),
    [
        (DEBIAN_12, "overlay", True),
        (FEDORA, "overlay", False),
        (ROOT, "overlay", False),
        (FUSE, "fuse-overlayfs", False),
        (REFUSED, "fuse-overlayfs", False),
        (VFS, "vfs", False),
    ],
)
def test_only_an_old_buildah_on_the_kernels_overlay_packs_its_marks(
    basics: Basics, storage: str, marks: bool
) -> None:
    maker = build_engine_of(basics, choose(basics))
    assert (maker.engines["storage"], maker.marks) == (storage, marks)
    assert bool(maker.limit) == marks


def test_a_release_records_versions_and_the_kind_of_store() -> None:
    assert build_engine_of(DEBIAN_12, choose(DEBIAN_12)).engines == {
        "buildah": "1.28.2",
        "podman": "4.3.1",
        "storage": "overlay",
    }
