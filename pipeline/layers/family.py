"""Versions side by side: every one against the one before it, and all of them together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import pairwise

from pipeline.engine.storage import Blob, LayeredImage, StoredLayer
from pipeline.layers.cause import Digests, FileLists
from pipeline.layers.chain import VersionStack, version_of
from pipeline.layers.compare import Comparison, Overlap, compare, overlap
from pipeline.layers.contents import LayerContents, contents_of
from pipeline.lean_dataclasses import dataclass


@dataclass(frozen=True)
class Family:
    """Versions side by side, oldest first.

    Attributes:
        comparisons: each version against the one before it, of the same image.
        contents: what each layer of each version does, bottom first.
        blobs: the compressed form of layers by diff_id, where one is known.
        disk: bytes that each layer's folder takes on disk, by the store's layer id.
        driver: the storage driver.
    """

    versions: tuple[VersionStack, ...]
    comparisons: tuple[Comparison, ...]
    contents: tuple[tuple[LayerContents, ...], ...]
    blobs: Mapping[str, Blob]
    disk: Mapping[str, int]
    driver: str

    @cached_property
    def users(self) -> Mapping[str, tuple[str, ...]]:
        """The names of the versions that have a layer, by the store's layer id."""
        found: dict[str, list[str]] = {}
        for version in self.versions:
            for layer in version.layers:
                found.setdefault(layer.id, []).append(version.name)
        return {layer_id: tuple(names) for layer_id, names in found.items()}

    @cached_property
    def matrix(self) -> tuple[tuple[Overlap, ...], ...]:
        """Every version against every version: rows what a host has, columns what it gets."""
        return tuple(
            tuple(overlap(older, newer) for newer in self.versions) for older in self.versions
        )

    @cached_property
    def layers(self) -> tuple[StoredLayer, ...]:
        """Every layer in the store that a version uses, each once."""
        return tuple({layer.id: layer for v in self.versions for layer in v.layers}.values())

    @property
    def sum_of_sizes(self) -> int:
        """Bytes that the versions would take if they shared nothing, uncompressed."""
        return sum(version.size for version in self.versions)

    @property
    def stored_bytes(self) -> int:
        """Uncompressed bytes of all layers, each stored once."""
        return sum(layer.size for layer in self.layers)

    @property
    def disk_bytes(self) -> int | None:
        """Bytes in the layers' folders; None when one could not be measured."""
        sizes = [self.disk[layer.id] for layer in self.layers if layer.id in self.disk]
        return sum(sizes) if len(sizes) == len(self.layers) else None

    def transfer(self, layers: Sequence[StoredLayer]) -> int | None:
        """Compressed bytes of `layers`; None when one blob is not known."""
        sizes = [self.blobs[one.diff_id].size for one in layers if one.diff_id in self.blobs]
        return sum(sizes) if len(sizes) == len(layers) else None


@dataclass(frozen=True)
class Named:
    """An image, what the report calls it, and which image it is a version of."""

    name: str
    repository: str
    image: LayeredImage


def family_of(
    named: Sequence[Named],
    *,
    driver: str,
    blobs: Mapping[str, Blob],
    disk: Mapping[str, int],
    lists: FileLists,
    digests: Digests,
) -> Family:
    """Compare all of `named`, oldest first."""
    versions = [
        version_of(
            one.name,
            one.image,
            [other.image for other in named if other.repository != one.repository],
        )
        for one in named
    ]
    pairs = _neighbours([one.repository for one in named])
    return Family(
        versions=tuple(versions),
        comparisons=tuple(
            compare(versions[older], versions[newer], lists, digests) for older, newer in pairs
        ),
        contents=tuple(contents_of(versions, lists)),
        blobs=blobs,
        disk=disk,
        driver=driver,
    )


def _neighbours(repositories: Sequence[str]) -> list[tuple[int, int]]:
    """Which version follows which: of the same image; two unrelated images follow each other."""
    last: dict[str, int] = {}
    pairs = []
    for index, repository in enumerate(repositories):
        if repository in last:
            pairs.append((last[repository], index))
        last[repository] = index
    return pairs or list(pairwise(range(len(repositories))))
