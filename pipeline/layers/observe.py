"""Gather what a report needs from the store. Looks, decides nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache

from pipeline.engine.blobs import known_blobs, measure_blobs, registry_blobs
from pipeline.engine.disk import measure_folders
from pipeline.engine.distribution import ImageLocation
from pipeline.engine.storage import Blob, LayeredImage, Storage, StoredLayer, observe_storage
from pipeline.engine.tar_split import LayerFile, file_digest, read_file_list
from pipeline.errors import EngineError
from pipeline.layers.family import Family, Named, family_of
from pipeline.layers.layer_names import plain
from pipeline.lean_dataclasses import dataclass

_FOLDER_PER_LAYER = ("overlay", "vfs")

Lists = Callable[[StoredLayer], Sequence[LayerFile]]


@dataclass(frozen=True)
class ObservedFamily:
    """A family and a reader of the files in its layers."""

    family: Family
    lists: Lists


def observe_family(
    named: Sequence[Named],
    driver: str,
    environment: Mapping[str, str],
    *,
    measure: bool,
    registry: ImageLocation | None = None,
) -> ObservedFamily:
    """Read and compare images of a store.

    Args:
        named: oldest first.
        driver: the store's.
        measure: compress layers whose blob is not known yet, once.
        registry: take the sizes of downloads from its manifests.

    Raises:
        EngineError: a layer's records are damaged, skopeo failed, or the registry has others.
    """
    try:
        return _observe(named, driver, environment, measure=measure, registry=registry)
    except EngineError:
        if gone := deleted(named, observe_storage(environment)):
            raise gone from None
        raise


def deleted(named: Sequence[Named], storage: Storage) -> EngineError | None:
    """The error that tells which images are no more; None when all are still there."""
    gone = [plain(one.name) for one in named if one.image.id not in storage.images]
    if not gone:
        return None
    return EngineError(
        f"{', '.join(gone)}: deleted while {'they were' if len(gone) > 1 else 'it was'} being read",
        details="another command removed or replaced it",
        resolution="build or pull the images again, then repeat the command",
    )


def _observe(
    named: Sequence[Named],
    driver: str,
    environment: Mapping[str, str],
    *,
    measure: bool,
    registry: ImageLocation | None,
) -> ObservedFamily:
    images = [one.image for one in named]
    layers = _distinct(images)
    blobs: Mapping[str, Blob] = known_blobs(layers, environment)
    if registry is not None:
        blobs = {**blobs, **_pushed(named, registry, environment)}
    if measure:
        blobs = measure_blobs(images, blobs, environment)
    disk = _disk(layers, driver, environment)
    lists = lru_cache(maxsize=None)(read_file_list)
    family = family_of(
        named, driver=driver, blobs=blobs, disk=disk, lists=lists, digests=file_digest
    )
    return ObservedFamily(family, lists)


def _pushed(
    named: Sequence[Named], registry: ImageLocation, environment: Mapping[str, str]
) -> Mapping[str, Blob]:
    """The blobs of all layers in the registry.

    A base that nobody pushed by its own name is there as a part of what stands on it.
    """
    found: dict[str, Blob] = {}
    for one in named:
        found.update(registry_blobs(one.image, registry, plain(one.name), environment))
    missing = [one.name for one in named if not found.keys() >= set(one.image.diff_ids)]
    if missing:
        raise EngineError(
            f"the registry does not have {', '.join(map(plain, missing))}",
            details=f"looked below {registry.name}",
            resolution="`capas push` puts it there; without --registry layers are measured here",
        )
    return found


def _disk(
    layers: Sequence[StoredLayer], driver: str, environment: Mapping[str, str]
) -> Mapping[str, int]:
    """Bytes in each layer's folder, by the store's id of the layer; of known drivers only."""
    sizes = measure_folders([layer.folder for layer in layers], environment)
    found = {layer.id: size for layer in layers if (size := sizes[layer.folder]) is not None}
    gone = [layer for layer in layers if layer.id not in found]
    if gone and driver in _FOLDER_PER_LAYER:
        raise EngineError(
            f"the files of layer {gone[0].diff_id} are missing from the store",
            details=str(gone[0].folder),
            resolution="the store was changed by hand or damaged: build or pull the image again",
        )
    return found


def _distinct(images: Iterable[LayeredImage]) -> list[StoredLayer]:
    return list({layer.id: layer for image in images for layer in image.layers}.values())
