"""Results that the store holds of builds unlike ours, and what they do to an image.

Buildah's cache (`stage_executor.go`, historyAndDiffIDsMatch) looks at labels of what it finds in no
generation, and at times only in later ones; both are content and end up in the next image. Such a
result is foreign: the version is built without the store's layers. What Buildah notes in the
comment of a history's entry about the image below is no content. It changes an image's id and
nothing else, and it differs between generations: for its sake nothing is built again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise

from pipeline.engine import labels
from pipeline.engine.build_cache import CacheImage
from pipeline.lean_re import lazy_pattern

_LABEL = lazy_pattern(r"/bin/sh -c #\(nop\) +LABEL ", re.IGNORECASE)


def foreign(found: Sequence[CacheImage], stamp: str) -> str:
    """Why a build from nothing would not have made one of these; empty when it would.

    Args:
        found: what was taken from the store in one stage, in order; one without an id is made by
            this run, and so is ours.
        stamp: the time that ours have, as RFC 3339.
    """
    below: CacheImage | None = None
    for image in found:
        last = image.history[-1]
        if last.created != stamp:
            return f"image {image.id[:12]} has files of {last.created}, not of {stamp}"
        if labels.BUILDER in image.labels:
            return f"image {image.id[:12]} has the label {labels.BUILDER}"
        if extra := _labels_of_a_command_line(image, below):
            return f"image {image.id[:12]} has the label {extra} of a command line"
        below = image
    return ""


def _labels_of_a_command_line(image: CacheImage, below: CacheImage | None) -> str:
    """A label that an image has and its own instruction does not give, as `--label` gives one.

    What the first image of a stage inherits is known only of one that stands on `scratch`.
    """
    if _LABEL.match(image.history[-1].by) or (below is None and len(image.history) > 1):
        return ""
    inherited = below.labels if below else {}
    return next((name for name, value in image.labels.items() if inherited.get(name) != value), "")


def other_id(said: str) -> str:
    """What it means that a history says something else than elsewhere."""
    return (
        f"the store's results were built in another way (their history says `{said}`): the image "
        "gets another id than on other hosts, with the same layers"
    )


def other_past(stages: Iterable[Sequence[CacheImage]], *, comments: bool) -> str:
    """What the history of these says that a build from nothing here would not say.

    Args:
        stages: what was taken in each, as for `foreign`.
        comments: whether Buildah says the id of an image without a name that it builds on
            (`engine.generation`).

    Returns:
        The comment; empty when there is none.
    """
    for found in stages:
        for below, image in pairwise(found):
            usual = f"FROM {below.id[:12]}" if comments else ""
            said = image.history[-1].comment
            if below.id and image.id and said != usual:
                return said or "no comment"
    return ""
