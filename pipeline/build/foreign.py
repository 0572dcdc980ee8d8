"""Results that the store holds of builds unlike ours, and that would make the image another one.

Buildah's cache (`stage_executor.go`, historyAndDiffIDsMatch) looks neither at times nor at labels
nor at what an image's last entry says it was made from; all of them end up in the next image.
"""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.engine import labels
from pipeline.engine.build_cache import CacheImage


def is_foreign(found: Sequence[CacheImage], stamp: str) -> bool:
    """Whether a build from nothing would not have made one of these.

    Args:
        found: what was taken from the store in one stage, in order; one without an id is made by
            this run, and so is ours.
        stamp: the time that ours have, as RFC 3339.
    """
    below: CacheImage | None = None
    for image in found:
        last = image.history[-1]
        if last.created != stamp or labels.BUILDER in image.labels:
            return True
        parent = below.id[:12] if below and image.id else ""
        if parent and last.comment != f"FROM {parent}":
            return True
        below = image
    return False
