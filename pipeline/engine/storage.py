"""What containers-storage has on disk: the only file that knows its layout.

Podman and Buildah answer with sizes without digests, or with digests without sizes; the store's
own records have both, and a rootless user may read them: `DRIVER-images/images.json`,
`DRIVER-layers/layers.json`, and a manifest and a configuration per image. Reading them costs
about a millisecond; every `podman` call costs thirty.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from pipeline.bootstrap.safe_files import read_bytes
from pipeline.engine.json_input import parse_json
from pipeline.engine.json_shape import fit
from pipeline.engine.store_paths import find_store
from pipeline.engine.store_records import (
    CONFIG,
    IMAGE,
    LAYER,
    MANIFEST,
    RECORD,
    file_name,
    records,
    whole_record,
)
from pipeline.errors import CapasError, EngineError, UsageError
from pipeline.lean_dataclasses import dataclass, field

_ALGORITHMS = ("sha256", "sha384", "sha512")
"""OCI image-spec, descriptor.md; a name out of a record decides no more than among these."""
_BUILD_AGAIN = "build or pull the image again"


@dataclass(frozen=True)
class Blob:
    """A layer as it travels: compressed.

    Attributes:
        digest: of the compressed bytes.
        size: bytes.
        source: where the number is from: `stored` (the blob that was pulled), `measured` (the
            blob that a push makes, made once), or `registry` (its manifest after a push).
    """

    digest: str
    size: int
    source: Literal["stored", "measured", "registry"]


@dataclass(frozen=True)
class StoredLayer:
    """One layer in the store.

    Attributes:
        id: the store's own name of it.
        diff_id: sha256 of its uncompressed tar stream.
        size: bytes of that stream.
        blob: the compressed form, when the layer was pulled in one.
        folder: where its files lie; with vfs, those of all layers below it too.
        file_list: the store's record of the tar stream without the files' contents.
    """

    id: str
    diff_id: str
    size: int
    blob: Blob | None
    folder: Path
    file_list: Path


@dataclass(frozen=True)
class HistoryEntry:
    """One entry of an image's history (OCI image-spec, config.md).

    Attributes:
        created_by: the instruction, as the builder wrote it down.
        comment: Buildah notes the name of the image below here.
        empty: the entry made no layer.
    """

    created_by: str
    comment: str = ""
    empty: bool = False


@dataclass(frozen=True)
class LayeredImage:
    """One image in the store, its layers bottom first.

    Attributes:
        config: what its containers run with: `Env`, `Cmd`, `Labels`, … (OCI image-spec,
            config.md).
    """

    id: str
    names: tuple[str, ...]
    digest: str
    created: str
    history: tuple[HistoryEntry, ...]
    layers: tuple[StoredLayer, ...]
    config: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def diff_ids(self) -> tuple[str, ...]:
        """The layers' diff_ids, bottom first."""
        return tuple(layer.diff_id for layer in self.layers)


@dataclass(frozen=True)
class Storage:
    """A store's records, read at one moment.

    Attributes:
        driver: `overlay`, `vfs`, …
        roots: the store's folder, then those of read-only stores below it.
    """

    driver: str
    roots: tuple[Path, ...]
    images: Mapping[str, tuple[Path, Mapping[str, Any]]]
    names: Mapping[str, str]
    layers: Mapping[str, tuple[Path, Mapping[str, Any]]]


def observe_storage(environment: Mapping[str, str]) -> Storage:
    """The store that Buildah and Podman use with this environment.

    Raises:
        EngineError: its records cannot be read.
        HostUnable: buildah is not installed.
    """
    place = find_store(environment)
    return read_storage(place.driver, place.roots)


def read_storage(driver: str, roots: tuple[Path, ...]) -> Storage:
    """Read the records of the stores at `roots`.

    Raises:
        EngineError: a record cannot be read or is not what containers-storage writes.
    """
    images: dict[str, tuple[Path, Mapping[str, Any]]] = {}
    names: dict[str, str] = {}
    layers: dict[str, tuple[Path, Mapping[str, Any]]] = {}
    for root in roots:
        for image in records(root / f"{driver}-images" / "images.json", IMAGE):
            images.setdefault(image["id"], (root, image))
            for name in image["names"]:
                names.setdefault(name, image["id"])
        for file in ("layers.json", "volatile-layers.json"):
            for layer in records(root / f"{driver}-layers" / file, LAYER):
                layers.setdefault(layer["id"], (root, layer))
    return Storage(driver, roots, images, names, layers)


def find_image(store: Storage, reference: str) -> LayeredImage:
    """The image that `reference` names: a full or short name, or the beginning of an id.

    Raises:
        UsageError: no image, or several, have this name.
        EngineError: the image's records contradict each other, or parts of it are missing.
    """
    image_id = _resolve(store, reference)
    root, record = store.images[image_id]
    folder = root / f"{store.driver}-images" / image_id
    try:
        return _image(store, folder, record)
    except KeyError as error:
        raise _broken(reference, f"a record has no {error}") from None
    except (AttributeError, TypeError, ValueError) as error:
        raise _broken(reference, str(error)) from None
    except FileNotFoundError as error:
        if not folder.exists():
            raise EngineError(
                f"the image {reference} was deleted while it was being read",
                details=str(folder),
                resolution=_BUILD_AGAIN,
            ) from None
        raise _broken(reference, f"missing: {error.filename}") from None
    except OSError as error:
        raise _broken(reference, str(error)) from None


def has_image(store: Storage, reference: str) -> bool:
    """Whether an image of exactly this full name is in the store."""
    return reference in store.names


def _resolve(store: Storage, reference: str) -> str:
    wanted = reference.removeprefix("containers-storage:")
    last = wanted.rsplit("/", 1)[-1]
    tagged = wanted if ":" in last or "@" in last else f"{wanted}:latest"
    for name in (tagged, f"localhost/{tagged}", f"docker.io/library/{tagged}"):
        if name in store.names:
            return store.names[name]
    start = wanted.removeprefix("sha256:")
    by_id = [i for i in store.images if len(start) >= 3 and i.startswith(start)]
    if len(by_id) == 1:
        return by_id[0]
    ends = sorted(name for name in store.names if name.endswith(f"/{tagged}"))
    if len(ends) == 1:
        return store.names[ends[0]]
    if several := by_id or ends:
        raise UsageError(
            f"{reference} names {len(several)} images",
            details="\n".join(several),
            resolution="use its full name",
        )
    repository = tagged.partition("@")[0].rpartition(":")[0].rpartition("/")[2]
    others = sorted(name for name in store.names if f"/{repository}:" in name)
    looked = f"looked in {', '.join(map(str, store.roots))} ({store.driver})"
    raise UsageError(
        f"the image {reference} is not in the store",
        details="\n".join([looked, *(["there are: " + ", ".join(others)] if others else [])]),
        resolution="`capas build` makes the versions of a spec; `podman images` lists the store",
    )


def _image(store: Storage, folder: Path, record: Mapping[str, Any]) -> LayeredImage:
    record = whole_record(record)
    reference = (record["names"] or [record["id"]])[0]
    manifest_text = read_bytes(folder / file_name("manifest"), limit=RECORD)
    manifest = fit(parse_json(manifest_text), MANIFEST)
    if "config" not in manifest:
        raise UsageError(
            f"{reference} is a list of images for several platforms",
            details="its manifest names no configuration",
            resolution="name the image of one platform",
        )
    digest = record["digest"] or f"sha256:{hashlib.sha256(manifest_text).hexdigest()}"
    # An image that was pushed and pulled again has two manifests; this one is the later.
    noted = record["big-data-digests"]
    _check_digest(reference, "manifest", manifest_text, noted.get("manifest", digest))
    config_digest = manifest["config"]["digest"]
    config_text = read_bytes(folder / file_name(config_digest), limit=RECORD)
    _check_digest(reference, "configuration", config_text, config_digest)
    config = fit(parse_json(config_text), CONFIG)
    layers = _layers(store, reference, record["layer"])
    diff_ids = tuple(config["rootfs"]["diff_ids"])
    if diff_ids != tuple(layer.diff_id for layer in layers):
        raise _broken(
            reference,
            f"its configuration names {len(diff_ids)} layers, the store holds {len(layers)} "
            "or other ones under it",
        )
    return LayeredImage(
        id=record["id"],
        names=tuple(record["names"]),
        digest=digest,
        created=config["created"],
        history=tuple(
            HistoryEntry(entry["created_by"], entry["comment"], entry["empty_layer"])
            for entry in config["history"]
        ),
        layers=layers,
        config=config["config"],
    )


def _layers(store: Storage, reference: str, top: str) -> tuple[StoredLayer, ...]:
    found: list[StoredLayer] = []
    seen: set[str] = set()
    while top:
        if top not in store.layers or top in seen:
            raise EngineError(
                f"the image {reference} is incomplete: a layer is missing from the store",
                details=f"layer {top}",
                resolution=_BUILD_AGAIN,
            )
        seen.add(top)
        root, record = store.layers[top]
        found.append(_layer(store.driver, root, record))
        top = record["parent"]
    return tuple(reversed(found))


def _layer(driver: str, root: Path, record: Mapping[str, Any]) -> StoredLayer:
    record = whole_record(record)
    layer_id, diff_id = record["id"], record["diff-digest"]
    compressed = record["compressed-diff-digest"]
    blob = None
    if compressed and compressed != diff_id:
        blob = Blob(compressed, record["compressed-size"], "stored")
    return StoredLayer(
        id=layer_id,
        diff_id=diff_id,
        size=record["diff-size"],
        blob=blob,
        folder=_folder(driver, root, layer_id),
        file_list=root / f"{driver}-layers" / f"{layer_id}.tar-split.gz",
    )


def _folder(driver: str, root: Path, layer_id: str) -> Path:
    if driver == "vfs":
        return root / "vfs" / "dir" / layer_id
    return root / driver / layer_id / "diff"


def _check_digest(reference: str, what: str, text: bytes, digest: str) -> None:
    algorithm, _, wanted = digest.partition(":")
    if algorithm not in _ALGORITHMS or hashlib.new(algorithm, text).hexdigest() != wanted:
        raise _broken(reference, f"the {what} does not have the digest {digest}")


def _broken(reference: str, why: str) -> CapasError:
    return EngineError(
        f"the store's records of {reference} contradict each other",
        details=why,
        resolution=f"the store was changed by hand or damaged: {_BUILD_AGAIN}",
    )
