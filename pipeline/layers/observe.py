"""Gather what a report needs from the store. Looks, decides nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from pipeline.engine.blobs import known_blobs, measure_blobs
from pipeline.engine.disk import measure_folders
from pipeline.engine.file_list import LayerFile, file_digest, read_file_list
from pipeline.engine.storage import Blob, LayeredImage, StoredLayer
from pipeline.layers.family import Family, Named, family_of

Lists = Callable[[StoredLayer], Sequence[LayerFile]]


@dataclass(frozen=True)
class Observed:
    """A family and a reader of the files in its layers."""

    family: Family
    lists: Lists


def observe_family(
    named: Sequence[Named], driver: str, environment: Mapping[str, str], *, measure: bool
) -> Observed:
    """Read and compare images of a store.

    Args:
        named: oldest first.
        driver: the store's.
        measure: compress layers whose blob is not known yet, once.

    Raises:
        EngineError: a layer's records are damaged, or skopeo failed.
    """
    images = [one.image for one in named]
    layers = _distinct(images)
    blobs: Mapping[str, Blob] = known_blobs(layers, environment)
    if measure:
        blobs = measure_blobs(images, blobs, environment)
    sizes = measure_folders([layer.folder for layer in layers], environment)
    disk = {layer.id: size for layer in layers if (size := sizes[layer.folder]) is not None}
    lists = lru_cache(maxsize=None)(read_file_list)
    family = family_of(
        named, driver=driver, blobs=blobs, disk=disk, lists=lists, digests=file_digest
    )
    return Observed(family, lists)


def _distinct(images: Iterable[LayeredImage]) -> list[StoredLayer]:
    return list({layer.id: layer for image in images for layer in image.layers}.values())
