"""The images of the store by their names, from the store's own records.

A call of Podman costs thirty milliseconds and more with every image; a build with nothing to do
pays for nothing but this look.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pipeline.engine.build_cache import CacheImage, cache_image, cache_images
from pipeline.engine.storage import find_image, observe_storage
from pipeline.lean_dataclasses import dataclass, field
from pipeline.lean_re import lazy_pattern

_TEMPORARY = lazy_pattern(r"[0-9a-f]{64}-tmp(:latest)?$")
"""What Buildah calls an image while it makes it (`buildah/commit.go`)."""


@dataclass(frozen=True)
class StoredImage:
    """One image of the store.

    Attributes:
        id: 64 hexadecimal digits: the digest of its config.
        names: full references, in the store's order.
        digest: of its manifest, `sha256:…`; empty when the store does not know it.
        last: what the last entry of its history says that made it; empty when that is not known.
    """

    id: str
    names: tuple[str, ...] = ()
    digest: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    last: str = ""

    @property
    def lasting_names(self) -> tuple[str, ...]:
        """The names without those that Buildah gives an image while it makes it."""
        return tuple(name for name in self.names if not _TEMPORARY.search(name))


@dataclass(frozen=True)
class Store:
    """What one listing saw."""

    images: tuple[StoredImage, ...]

    def named(self, reference: str) -> StoredImage | None:
        """The image of a full reference, or of a short one that is there under one full name.

        Podman and Buildah complete a short name the same way when the image is in the store:
        `localhost/` first, then the docker.io names.
        """
        for candidate in _candidates(reference):
            for image in self.images:
                if candidate in image.names or image.id == candidate:
                    return image
        return None


def list_images(environment: Mapping[str, str]) -> Store:
    """The images that have a name.

    Raises:
        EngineError: the store's records cannot be read.
        HostUnable: Buildah is not installed.
    """
    found = cache_images(observe_storage(environment), named=True)
    return Store(
        tuple(
            StoredImage(
                one.id,
                one.names,
                one.digest,
                dict(one.labels),
                one.history[-1].by if one.history else "",
            )
            for one in found
        )
    )


def inspect_image(environment: Mapping[str, str], reference: str) -> CacheImage:
    """What the store knows of one image.

    Raises:
        EngineError: the store's records cannot be read, or contradict each other.
        UsageError: there is no such image.
    """
    store = observe_storage(environment)
    return cache_image(store, find_image(store, reference).id)


def _candidates(reference: str) -> Iterable[str]:
    name, at, digest = reference.partition("@")
    tail = name.rpartition("/")[2]
    full = reference if at or ":" in tail else f"{reference}:latest"
    yield from dict.fromkeys((reference, full))
    first = name.partition("/")[0]
    if "/" not in name or not ("." in first or ":" in first or first == "localhost"):
        yield f"localhost/{full}"
        yield f"docker.io/library/{full}" if "/" not in name else f"docker.io/{full}"
    if digest:
        yield digest.removeprefix("sha256:")
