"""Which containers a deploy of the pipeline made, by labels that anybody could have written."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from pipeline.engine import labels

if TYPE_CHECKING:
    from pipeline.engine.inspected import ListedContainer
    from pipeline.engine.podman import PodmanReader


def deployed(
    reader: PodmanReader, found: Iterable[ListedContainer], pipeline: str
) -> list[ListedContainer]:
    """Those that a deploy of the pipeline made.

    A container has its image's labels, too: the pipeline's name stands on every image that it
    builds, and on an image that was committed from a container stands all that the container had.
    The digest of a configuration is of the image's id as well, so that no image can carry the one
    that a deploy gives its containers.
    """
    inherited: dict[str, str | None] = {}
    mine = []
    for one in found:
        own, image = one.labels, one.image_id
        if own.get(labels.PIPELINE) != pipeline or labels.CONFIG not in own:
            continue
        if image and image not in inherited:
            known = reader.image(image)
            inherited[image] = known.labels.get(labels.CONFIG) if known else None
        if own[labels.CONFIG] != inherited.get(image):
            mine.append(one)
    return mine


def readable(
    mine: Iterable[ListedContainer], everything: Iterable[ListedContainer], pipeline: str
) -> tuple[list[ListedContainer], tuple[str, ...]]:
    """Those of `mine` whose labels a deploy can have written; and all whose cannot be, in words.

    Anybody can give a container our labels. One with others than ours are is left alone, and does
    not keep the rest from being looked after. One with the pipeline's name alone is no riddle: it
    has that from an image of the pipeline.
    """
    fine = [one for one in mine if not _riddle(one)]
    riddles = [
        f"{one.name} is left alone: no deploy made it, its label {why}"
        for one in everything
        if one.labels.get(labels.PIPELINE) == pipeline
        and {labels.SERVICE, labels.REPLICA} & one.labels.keys()
        and (why := _riddle(one))
    ]
    return fine, tuple(sorted(riddles))


def _riddle(one: ListedContainer) -> str:
    """Which label of a container is none that a deploy writes, or ""."""
    try:
        labels.role_of(one.labels)
    except ValueError as error:
        return str(error)
    return ""
