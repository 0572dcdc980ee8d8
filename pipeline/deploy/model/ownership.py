"""Which containers a deploy of the pipeline made, by labels that anybody could have written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from pipeline.engine import labels

if TYPE_CHECKING:
    from pipeline.engine.podman import PodmanReader


def deployed(
    reader: PodmanReader, found: Iterable[Mapping[str, Any]], pipeline: str
) -> list[Mapping[str, Any]]:
    """Those that a deploy of the pipeline made.

    A container has its image's labels, too: the pipeline's name stands on every image that it
    builds, and on an image that was committed from a container stands all that the container had.
    The digest of a configuration is of the image's id as well, so that no image can carry the one
    that a deploy gives its containers.
    """
    inherited: dict[str, str | None] = {}
    mine = []
    for one in found:
        own, image = labels_of(one), one.get("ImageID", "")
        if own.get(labels.PIPELINE) != pipeline or labels.CONFIG not in own:
            continue
        if image and image not in inherited:
            inherited[image] = labels_of(reader.image(image) or {}).get(labels.CONFIG)
        if own[labels.CONFIG] != inherited.get(image):
            mine.append(one)
    return mine


def readable(
    mine: Iterable[Mapping[str, Any]], everything: Iterable[Mapping[str, Any]], pipeline: str
) -> tuple[list[Mapping[str, Any]], tuple[str, ...]]:
    """Those of `mine` whose labels a deploy can have written; and all whose cannot be, in words.

    Anybody can give a container our labels. One with others than ours are is left alone, and does
    not keep the rest from being looked after. One with the pipeline's name alone is no riddle: it
    has that from an image of the pipeline.
    """
    fine = [one for one in mine if not _riddle(one)]
    riddles = [
        f"{one['Names'][0]} is left alone: no deploy made it, its label {why}"
        for one in everything
        if labels_of(one).get(labels.PIPELINE) == pipeline
        and {labels.SERVICE, labels.REPLICA} & labels_of(one).keys()
        and (why := _riddle(one))
    ]
    return fine, tuple(sorted(riddles))


def _riddle(one: Mapping[str, Any]) -> str:
    """Which label of a container is none that a deploy writes, or ""."""
    try:
        labels.role_of(labels_of(one))
    except ValueError as error:
        return str(error)
    return ""


def labels_of(found: Mapping[str, Any]) -> Mapping[str, str]:
    """The labels of what Podman lists or inspects."""
    return found.get("Labels") or {}
