"""Which images nothing needs any more, and how many bytes they hold: pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pipeline.engine import labels
from pipeline.engine.build_cache import CacheImage
from pipeline.lean_dataclasses import dataclass


@dataclass(frozen=True)
class Unneeded:
    """An image that can go.

    Attributes:
        version: `image:version` that it once was; empty for a step of a build.
        frees: bytes of the layers that go with it, after those named before it are gone.
    """

    id: str
    version: str
    frees: int


def plan_prune(
    images: Sequence[CacheImage], pipeline: str, released: Iterable[str], used: Iterable[str]
) -> tuple[Unneeded, ...]:
    """What can go: images that this pipeline made and that lost their name, and their steps.

    Kept are images with a name, images of releases, images of containers, everything that those
    were built on, and the steps that are the cache of their next build.

    Args:
        images: all of the store.
        pipeline: the spec's name.
        released: ids of released images.
        used: ids of images that containers were made of.

    Returns:
        In the order in which they can be removed: what others were built on comes last.
    """
    safe = {*released, *used}
    roots = [one for one in images if one.names or one.id in safe or not one.removable]
    lost = [one for one in images if _is_lost(one, pipeline) and one not in roots]
    kept = {one.id for one in images if any(_is_below(one, root) for root in roots)}
    going = [
        one
        for one in images
        if one.id not in kept and any(_is_below(one, version) for version in lost)
    ]
    going.sort(key=lambda one: len(one.history), reverse=True)
    return tuple(_frees(going, images))


def _is_lost(image: CacheImage, pipeline: str) -> bool:
    """Whether it is a whole version of this pipeline without a name.

    A step of a build has the labels of what it was built on, too: only a whole version ends with
    the instruction that set them.
    """
    if image.names or image.labels.get(labels.PIPELINE) != pipeline or not image.history:
        return False
    last = image.history[-1].by
    return f'"{labels.IDENTITY}"="{image.labels.get(labels.IDENTITY)}"' in last


def _is_below(image: CacheImage, other: CacheImage) -> bool:
    """Whether `other` was built on `image`, or is it."""
    return (
        image.history == other.history[: len(image.history)]
        and image.diff_ids == other.diff_ids[: len(image.diff_ids)]
        and (image.id == other.id or len(image.history) < len(other.history))
    )


def _frees(going: Sequence[CacheImage], images: Sequence[CacheImage]) -> Iterable[Unneeded]:
    users: dict[str, set[str]] = {}
    for image in images:
        for layer, _ in image.layers:
            users.setdefault(layer, set()).add(image.id)
    for image in going:
        freed = 0
        for layer, size in image.layers:
            users[layer].discard(image.id)
            freed += 0 if users[layer] else size
        version = ""
        if labels.IDENTITY in (image.history[-1].by if image.history else ""):
            version = f"{image.labels.get(labels.IMAGE)}:{image.labels.get(labels.VERSION)}"
        yield Unneeded(image.id, version, freed)
