"""Which of a version's lowest layers a picture shows as one block: those of its base."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.layers.cause import shared_length
from pipeline.layers.chain import VersionStack
from pipeline.layers.family import Family
from pipeline.layers.layer_names import plain

Fold = tuple[str, int]
"""A base's name, and how many layers it has; none for a version without a base."""


def folds(family: Family) -> list[Fold]:
    """The fold of each version: nothing that is drawn apart in another version is in it."""
    versions = family.versions
    wishes = [_wished(version, versions) for version in versions]
    found = []
    for version, wish in zip(versions, wishes, strict=True):
        apart = [
            lower
            for other, lower in zip(versions, wishes, strict=True)
            if lower[1] < wish[1] and lower[1] < shared_length(other, version)
        ]
        found.append(min(apart, key=lambda lower: lower[1], default=wish))
    return found


def _wished(version: VersionStack, versions: Sequence[VersionStack]) -> Fold:
    """The base that a version stands on, or that it is for others."""
    if version.base.layers:
        return plain(version.base.name) or "base", version.base.layers
    chain = version.image.diff_ids
    for other in versions:
        if other.base.layers == len(chain) and other.image.diff_ids[: len(chain)] == chain:
            return plain(other.base.name) or version.name, len(chain)
    return "", 0
