"""The images that Buildah's cache search looks at, in its order, from the store's own records.

Every step of a build is an image of its own in the store, most of them without a name. Buildah
goes through all of them in the order of `images.json` and compares the layer below the top one
and the history (`stage_executor.go`, intermediateImageExists).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pipeline.bootstrap.safe_files import read_bytes
from pipeline.engine.json_input import InvalidJson, parse_json
from pipeline.engine.json_shape import fit
from pipeline.engine.storage import Storage
from pipeline.engine.store_records import CONFIG, MANIFEST, RECORD, file_name, records, whole_record
from pipeline.lean_dataclasses import dataclass, field

_OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"


@dataclass(frozen=True)
class Past:
    """One entry of an image's history, with everything that Buildah compares."""

    by: str
    created: str = ""
    comment: str = ""
    author: str = ""
    empty: bool = False


@dataclass(frozen=True)
class CacheImage:
    """One image of the store as the cache search sees it.

    Attributes:
        top: the store's id of its top layer; empty without layers.
        below: the id of the layer below the top one; empty for none.
        layers: ids and sizes in bytes of all its layers, the top one first.
        oci: whether its manifest has the type that our builds have.
        config: what its containers run with (OCI image-spec, config.md).
        removable: whether it lies in the user's own store, not in a shared read-only one.
        created: when, as RFC 3339; what the store's record says.
        platform: its operating system and processor, as `linux/amd64`; empty for an unknown one.
        given: what must be so that a build makes it, of an image that a plan makes in thought.
    """

    id: str
    names: tuple[str, ...]
    digest: str
    top: str
    below: str
    layers: tuple[tuple[str, int], ...]
    diff_ids: tuple[str, ...]
    history: tuple[Past, ...]
    oci: bool = True
    config: Mapping[str, Any] = field(default_factory=dict)
    removable: bool = True
    created: str = ""
    platform: str = ""
    given: frozenset[tuple[object, str]] = frozenset()

    @property
    def labels(self) -> Mapping[str, str]:
        """Its labels."""
        labels: Mapping[str, str] = self.config.get("Labels") or {}
        return labels


def cache_images(store: Storage, *, named: bool = False) -> tuple[CacheImage, ...]:
    """All images of the store, in the order of Buildah's search; or just those that have a name.

    Images whose records are incomplete are left out: Buildah passes over them, too.
    """
    return tuple(_readable(store, named=named))


def cache_image(store: Storage, image_id: str) -> CacheImage:
    """One image, by its whole id.

    Raises:
        KeyError: it is not in the store.
    """
    root, record = store.images[image_id]
    return _image(store, root, root / f"{store.driver}-images" / image_id, record)


def images_in_use(store: Storage) -> frozenset[str]:
    """The ids of images that any container, Podman's or Buildah's, was made of."""
    found: set[str] = set()
    for name in ("containers.json", "volatile-containers.json"):
        path = store.roots[0] / f"{store.driver}-containers" / name
        found |= {record["image"] for record in records(path, {"id": str, "image?": str})}
    return frozenset(found - {""})


def _readable(store: Storage, *, named: bool) -> Iterator[CacheImage]:
    for image_id, (_, record) in store.images.items():
        if named and not record["names"]:
            continue
        try:
            yield cache_image(store, image_id)
        except (KeyError, ValueError, OSError):
            continue


def _image(store: Storage, root: Path, folder: Path, record: Mapping[str, Any]) -> CacheImage:
    record = whole_record(record)
    manifest = fit(parse_json(read_bytes(folder / file_name("manifest"), limit=RECORD)), MANIFEST)
    at = folder / file_name(manifest["config"]["digest"])
    config = fit(parse_json(read_bytes(at, limit=RECORD)), CONFIG)
    layers: dict[str, int] = {}
    layer = record["layer"]
    while layer:
        if layer in layers:
            raise InvalidJson("its layers refer to each other in a circle")
        entry = whole_record(store.layers[layer][1])
        layers[layer] = entry.get("diff-size", 0)
        layer = entry["parent"]
    ids = tuple(layers)
    return CacheImage(
        id=record["id"],
        names=tuple(record["names"]),
        digest=record["digest"],
        top=ids[0] if ids else "",
        below=ids[1] if len(ids) > 1 else "",
        layers=tuple(layers.items()),
        diff_ids=tuple(config["rootfs"]["diff_ids"]),
        history=tuple(_past(entry) for entry in config["history"]),
        oci=manifest.get("mediaType", _OCI_MANIFEST) == _OCI_MANIFEST,
        config=config["config"],
        removable=root == store.roots[0],
        created=record.get("created") or "",
        platform=_platform(config),
    )


def _platform(config: Mapping[str, Any]) -> str:
    system, processor = config.get("os"), config.get("architecture")
    return f"{system}/{processor}" if system and processor else ""


def _past(entry: Mapping[str, Any]) -> Past:
    return Past(
        by=entry["created_by"],
        created=entry["created"],
        comment=entry["comment"],
        author=entry["author"],
        empty=entry["empty_layer"],
    )
