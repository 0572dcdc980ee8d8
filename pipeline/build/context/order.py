"""Bases first: the graph of `FROM` over the images that one spec builds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pipeline.errors import UsageError
from pipeline.spec.model import Pipeline, Version


def select(pipeline: Pipeline, image: str | None, name: str | None) -> tuple[Version, ...]:
    """The versions that `--image` and `--version` mean, in the spec's order.

    `name` may be `image:version`; without a name all versions of the image, or of all images.

    Raises:
        UsageError: there is no such image or version.
    """
    if name and ":" in name and image is None:
        image, name = name.split(":", 1)
    if image is not None and image not in pipeline.images:
        raise UsageError(
            f"no image {image} in {pipeline.path}",
            resolution=f"its images: {', '.join(pipeline.images)}",
        )
    found = tuple(
        version
        for version in pipeline.versions
        if image in (None, version.image) and name in (None, version.name)
    )
    if not found:
        known = ", ".join(version.short for version in pipeline.versions)
        raise UsageError(
            f"no images in {pipeline.path}"
            if name is None
            else f"no version {name!r} in {pipeline.path}",
            resolution=f"its versions: {known}" if known else "add one under [images]",
        )
    return found


def parents(
    versions: Iterable[Version], references: Mapping[str, Iterable[str]]
) -> dict[str, tuple[str, ...]]:
    """For each version, by `image:version`, the names of those of `versions` that it builds on.

    Args:
        versions: all of the spec's.
        references: by name, the images that a version's Containerfile reads from.
    """
    everything = tuple(versions)
    short = {name: one.short for one in everything for name in (one.reference, one.short)}
    return {
        version.short: tuple(
            dict.fromkeys(short[name] for name in references[version.short] if name in short)
        )
        for version in everything
    }


def bases_first(
    wanted: Iterable[str], parents_of: Mapping[str, tuple[str, ...]]
) -> tuple[str, ...]:
    """The names `wanted` and all that they build on, each after its bases; the order is stable.

    Raises:
        UsageError: an image builds on itself.
    """
    done: dict[str, None] = {}

    def visit(name: str, path: tuple[str, ...]) -> None:
        if name in path:
            circle = " → ".join([*path[path.index(name) :], name])
            raise UsageError(f"images build on each other in a circle: {circle}")
        for base in parents_of[name]:
            visit(base, (*path, name))
        done[name] = None

    for name in wanted:
        visit(name, ())
    return tuple(done)
