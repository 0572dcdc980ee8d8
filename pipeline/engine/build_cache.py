"""The images that Buildah's cache search looks at, in its order, from the store's own records.

Every step of a build is an image of its own in the store, most of them without a name. Buildah
goes through all of them in the order of `images.json` and compares the layer below the top one
and the history (`stage_executor.go`, intermediateImageExists).
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.engine.storage import Storage

_PLAIN_NAME = re.compile(r"[A-Za-z0-9._-]*")
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
        try:
            records = json.loads(path.read_bytes() or b"[]") or []
        except FileNotFoundError:
            continue
        found |= {record.get("image", "") for record in records}
    return frozenset(found - {""})


def _readable(store: Storage, *, named: bool) -> Iterator[CacheImage]:
    for image_id, (_, record) in store.images.items():
        if named and not record.get("names"):
            continue
        try:
            yield cache_image(store, image_id)
        except (KeyError, TypeError, ValueError, OSError):
            continue


def _image(store: Storage, root: Path, folder: Path, record: Mapping[str, Any]) -> CacheImage:
    manifest = json.loads((folder / _file_name("manifest")).read_bytes())
    config = json.loads((folder / _file_name(manifest["config"]["digest"])).read_bytes())
    layers: list[tuple[str, int]] = []
    layer = record.get("layer") or ""
    while layer:
        entry = store.layers[layer][1]
        layers.append((layer, int(entry.get("diff-size") or 0)))
        layer = entry.get("parent") or ""
    return CacheImage(
        id=record["id"],
        names=tuple(record.get("names") or ()),
        digest=record.get("digest") or "",
        top=layers[0][0] if layers else "",
        below=layers[1][0] if len(layers) > 1 else "",
        layers=tuple(layers),
        diff_ids=tuple((config.get("rootfs") or {}).get("diff_ids") or ()),
        history=tuple(_past(entry) for entry in config.get("history") or ()),
        oci=manifest.get("mediaType", _OCI_MANIFEST) == _OCI_MANIFEST,
        config=config.get("config") or {},
        removable=root == store.roots[0],
        created=record.get("created") or "",
        platform=_platform(config),
    )


def _platform(config: Mapping[str, Any]) -> str:
    system, processor = config.get("os"), config.get("architecture")
    return f"{system}/{processor}" if system and processor else ""


def _past(entry: Mapping[str, Any]) -> Past:
    return Past(
        by=entry.get("created_by") or "",
        created=entry.get("created") or "",
        comment=entry.get("comment") or "",
        author=entry.get("author") or "",
        empty=bool(entry.get("empty_layer")),
    )


def _file_name(key: str) -> str:
    if _PLAIN_NAME.fullmatch(key):
        return key
    return "=" + base64.b64encode(key.encode()).decode()
