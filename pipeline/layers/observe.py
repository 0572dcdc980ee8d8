"""Gather what a report needs from the store. Looks, decides nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from pipeline.engine.blobs import known_blobs, measure_blobs, registry_blobs
from pipeline.engine.disk import measure_folders
from pipeline.engine.file_list import LayerFile, file_digest, read_file_list
from pipeline.engine.storage import Blob, LayeredImage, StoredLayer
from pipeline.layers.family import Family, Named, family_of
from pipeline.layers.naming import plain

Lists = Callable[[StoredLayer], Sequence[LayerFile]]


@dataclass(frozen=True)
class Observed:
    """A family and a reader of the files in its layers."""

    family: Family
    lists: Lists


@dataclass(frozen=True)
class Registry:
    """Where versions were pushed to.

    Attributes:
        place: `host:port` or `host:port/path`, what stands before `image:version`.
        tls_verify: whether it must speak HTTPS with a certificate that is trusted.
    """

    place: str
    tls_verify: bool = True


def observe_family(
    named: Sequence[Named],
    driver: str,
    environment: Mapping[str, str],
    *,
    measure: bool,
    registry: Registry | None = None,
) -> Observed:
    """Read and compare images of a store.

    Args:
        named: oldest first.
        driver: the store's.
        measure: compress layers whose blob is not known yet, once.
        registry: take the sizes of downloads from its manifests.

    Raises:
        EngineError: a layer's records are damaged, skopeo failed, or the registry has others.
    """
    images = [one.image for one in named]
    layers = _distinct(images)
    blobs: Mapping[str, Blob] = known_blobs(layers, environment)
    if registry is not None:
        for one in named:
            blobs = {**blobs, **_pushed(one, registry, environment)}
    if measure:
        blobs = measure_blobs(images, blobs, environment)
    sizes = measure_folders([layer.folder for layer in layers], environment)
    disk = {layer.id: size for layer in layers if (size := sizes[layer.folder]) is not None}
    lists = lru_cache(maxsize=None)(read_file_list)
    family = family_of(
        named, driver=driver, blobs=blobs, disk=disk, lists=lists, digests=file_digest
    )
    return Observed(family, lists)


def _pushed(named: Named, registry: Registry, environment: Mapping[str, str]) -> Mapping[str, Blob]:
    reference = f"{registry.place.rstrip('/')}/{plain(named.name)}"
    return registry_blobs(named.image, reference, environment, tls_verify=registry.tls_verify)


def _distinct(images: Iterable[LayeredImage]) -> list[StoredLayer]:
    return list({layer.id: layer for image in images for layer in image.layers}.values())
