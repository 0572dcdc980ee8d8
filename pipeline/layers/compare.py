"""What two versions share, what is new and why, and what a host downloads."""

from __future__ import annotations

from pipeline.engine.storage import StoredLayer
from pipeline.layers.cause import Cause, Digests, FileLists, causes, shared_length
from pipeline.layers.chain import HistoryStep, VersionStack
from pipeline.layers.configuration import config_changes
from pipeline.lean_dataclasses import dataclass


@dataclass(frozen=True)
class NewLayer:
    """A layer that the older version does not have in this place.

    Attributes:
        downloaded: whether a host with the older version must fetch it: an equal layer in
            another place is stored again, but not fetched again.
    """

    step: HistoryStep
    layer: StoredLayer
    cause: Cause
    downloaded: bool


@dataclass(frozen=True)
class Comparison:
    """A newer version against an older one.

    Attributes:
        shared: layers that both have in the same place, bottom first; stored once.
        new: layers of the newer version only.
        dropped: layers of the older version only.
        configuration: what differs and makes no layer, one line each.
    """

    older: VersionStack
    newer: VersionStack
    shared: tuple[StoredLayer, ...]
    new: tuple[NewLayer, ...]
    dropped: tuple[StoredLayer, ...]
    configuration: tuple[str, ...]

    @property
    def shared_bytes(self) -> int:
        """Uncompressed bytes of the shared layers."""
        return sum(layer.size for layer in self.shared)

    @property
    def new_bytes(self) -> int:
        """Uncompressed bytes of the new layers."""
        return sum(new.layer.size for new in self.new)

    @property
    def dropped_bytes(self) -> int:
        """Uncompressed bytes of the dropped layers."""
        return sum(layer.size for layer in self.dropped)

    @property
    def shared_ratio(self) -> float:
        """Shared bytes over all bytes of the newer version; 1 for an image without bytes."""
        return self.shared_bytes / self.newer.size if self.newer.size else 1.0

    @property
    def downloads(self) -> tuple[StoredLayer, ...]:
        """What a host with the older version fetches for the newer one, each layer once."""
        found = {new.layer.diff_id: new.layer for new in self.new if new.downloaded}
        return tuple(found.values())


@dataclass(frozen=True)
class Overlap:
    """One cell of the matrix: how much of `newer` a host that has `older` has already.

    Attributes:
        shared_bytes: uncompressed bytes of the shared layers.
        new_bytes: those of the others.
    """

    older: str
    newer: str
    layers: int
    shared_bytes: int
    new_bytes: int
    ratio: float


def compare(
    older: VersionStack, newer: VersionStack, lists: FileLists, digests: Digests
) -> Comparison:
    """Compare two versions; any two images, related or not."""
    count = shared_length(older, newer)
    there = set(older.image.diff_ids)
    fresh = newer.layer_steps[count:]
    reasons = causes(older, newer, lists, digests)
    return Comparison(
        older=older,
        newer=newer,
        shared=newer.layers[:count],
        new=tuple(
            NewLayer(step, step.layer, cause, step.layer.diff_id not in there)
            for step, cause in zip(fresh, reasons, strict=True)
            if step.layer is not None
        ),
        dropped=older.layers[count:],
        configuration=config_changes(older.image.config, newer.image.config),
    )


def overlap(older: VersionStack, newer: VersionStack) -> Overlap:
    """How much of `newer` a host that has `older` has already."""
    count = shared_length(older, newer)
    shared, size = newer.heights[count], newer.size
    ratio = shared / size if size else 1.0
    return Overlap(older.name, newer.name, count, shared, size - shared, ratio)
