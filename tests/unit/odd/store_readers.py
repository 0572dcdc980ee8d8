"""Images in a store, in an OCI layout and in a backup: how right ones look, and who reads them."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import random
import tarfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from pipeline.build.prune.prune_plan import plan_prune
from pipeline.engine import labels
from pipeline.engine.blobs import known_blobs
from pipeline.engine.build_cache import cache_images, images_in_use
from pipeline.engine.distribution import ImageLocation, check_blobs, check_layout, find_manifest
from pipeline.engine.storage import StoredLayer, find_image, read_storage
from pipeline.engine.tar_split import read_file_list
from pipeline.layers.configuration import config_changes
from pipeline.volumes.archive import checksum_path, examine
from pipeline.volumes.contents import ArchiveContents, NoTar, Room, TooMuch
from tests.unit.odd.mutate import mutated_bytes
from tests.unit.odd.reader import as_json, environ, written

ID, LAYER, TOP = "a" * 64, "b" * 64, "c" * 64
DIFF, UPPER = f"sha256:{'1' * 64}", f"sha256:{'2' * 64}"
CONFIG: dict[str, Any] = {
    "created": "2026-01-01T00:00:00Z",
    "architecture": "amd64",
    "os": "linux",
    "config": {
        "Env": ["PATH=/bin", "A=b"],
        "Cmd": ["sh"],
        "Entrypoint": None,
        "Labels": {labels.PIPELINE: "p", labels.IDENTITY: "x", labels.VERSION: "1.0"},
        "WorkingDir": "/app",
        "User": "1000",
        "ExposedPorts": {"5000/tcp": {}},
        "Volumes": None,
        "OnBuild": None,
        "StopSignal": "SIGTERM",
    },
    "rootfs": {"type": "layers", "diff_ids": [DIFF, UPPER]},
    "history": [
        {"created": "2026-01-01T00:00:00Z", "created_by": "ADD x /", "comment": "FROM a"},
        {"created": "2026-01-01T00:00:00Z", "created_by": "RUN x", "empty_layer": False},
        {"created_by": "CMD sh", "empty_layer": True},
    ],
}
CONFIG_RAW = json.dumps(CONFIG).encode()
CONFIG_DIGEST = f"sha256:{hashlib.sha256(CONFIG_RAW).hexdigest()}"
BLOB = f"sha256:{hashlib.sha256(b'blob').hexdigest()}"
MANIFEST = {
    "schemaVersion": 2,
    "mediaType": "application/vnd.oci.image.manifest.v1+json",
    "config": {"digest": CONFIG_DIGEST, "size": len(CONFIG_RAW)},
    "layers": [{"digest": BLOB, "size": 4}],
}
MANIFEST_RAW = json.dumps(MANIFEST).encode()
MANIFEST_DIGEST = f"sha256:{hashlib.sha256(MANIFEST_RAW).hexdigest()}"
IMAGES = [
    {
        "id": ID,
        "names": ["localhost/web:1.0"],
        "layer": TOP,
        "digest": MANIFEST_DIGEST,
        "big-data-digests": {"manifest": MANIFEST_DIGEST},
    },
    {"id": "d" * 64, "layer": LAYER, "names": None},
]
LAYERS = [
    {"id": LAYER, "diff-digest": DIFF, "diff-size": 1536, "compressed-diff-digest": BLOB,
     "compressed-size": 4},
    {"id": TOP, "parent": LAYER, "diff-digest": UPPER, "diff-size": 10},
]  # fmt: skip


def tar_of(*names: str) -> bytes:
    """A small tar."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name in names:
            info = tarfile.TarInfo(name)
            info.size = 3
            info.pax_headers = {"SCHILY.xattr.user.a": "b" * 200, "mtime": "1.5"}
            tar.addfile(info, io.BytesIO(b"abc"))
    return stream.getvalue()


TAR = tar_of("one", "two" * 60)


def _tar_split() -> bytes:
    """How the store records a tar of one file (vbatts/tar-split)."""
    tar = tar_of("one")
    with tarfile.open(fileobj=io.BytesIO(tar)) as opened:
        at = opened.getmembers()[0].offset_data
    entries = [
        {"type": 2, "payload": base64.b64encode(tar[:at]).decode()},
        {"type": 1, "name": "one", "size": 3, "payload": base64.b64encode(bytes(8)).decode()},
        {"type": 2, "payload": base64.b64encode(tar[at + 3 :]).decode()},
    ]
    return "\n".join(map(json.dumps, entries)).encode()


def gzipped(mutate: Callable[[bytes, random.Random], bytes]) -> Callable[..., bytes]:
    """The slip is inside of the compressed content; now and then outside."""

    def slipped(raw: bytes, chance: random.Random) -> bytes:
        if chance.random() < 0.2:
            return mutated_bytes(raw, chance)
        return gzip.compress(mutate(gzip.decompress(raw), chance), 1)

    return slipped


def entries_slipped(raw: bytes, chance: random.Random) -> bytes:
    lines = raw.split(b"\n")
    at = chance.randrange(len(lines))
    lines[at] = as_json(lines[at], chance)
    return b"\n".join(lines)


def store(part: str) -> Callable[[Path], Path]:
    """A whole store of an engine; the path of one part of it."""

    def make(folder: Path) -> Path:
        images, below = folder / "overlay-images", folder / "overlay-layers"
        key = "=" + base64.b64encode(CONFIG_DIGEST.encode()).decode()
        parts = {
            "images.json": written("overlay-images/images.json", IMAGES)(folder),
            "layers.json": written("overlay-layers/layers.json", LAYERS)(folder),
            "containers.json": written(
                "overlay-containers/containers.json", [{"id": "e" * 64, "image": ID}]
            )(folder),
            "manifest": written(f"overlay-images/{ID}/manifest", MANIFEST_RAW)(folder),
            "config": written(f"overlay-images/{ID}/{key}", CONFIG_RAW)(folder),
            "tar-split": written(f"overlay-layers/{TOP}.tar-split.gz", gzip.compress(_tar_split()))(
                folder
            ),
        }
        assert images.is_dir()
        assert below.is_dir()
        return parts[part]

    return make


def read_store(folder: Path, _path: Path) -> None:
    """Everything that is read of a store."""
    found = read_storage("overlay", (folder,))
    cached = cache_images(found)
    plan_prune(cached, "p", (), images_in_use(found))
    list(cache_images(found, named=True))
    image = find_image(found, "localhost/web:1.0")
    known_blobs(image.layers, environ(folder))
    config_changes(image.config, {})
    [(entry.created_by.split(), entry.comment.split()) for entry in image.history]


def read_tar_split(folder: Path, path: Path) -> None:
    """The files of a layer."""
    size = len(tar_of("one"))
    read_file_list(StoredLayer(TOP, UPPER, size, None, folder, path))


def layout(part: str) -> Callable[[Path], Path]:
    """An OCI layout with one image; the path of one part of it."""

    def make(folder: Path) -> Path:
        named = {"org.opencontainers.image.ref.name": "web:1.0"}
        index = {"manifests": [{"digest": MANIFEST_DIGEST, "annotations": named}]}
        blobs = "blobs/sha256"
        return {
            "index.json": written("index.json", index)(folder),
            "oci-layout": written("oci-layout", {"imageLayoutVersion": "1.0.0"})(folder),
            "manifest": written(f"{blobs}/{MANIFEST_DIGEST[7:]}", MANIFEST_RAW)(folder),
            "config": written(f"{blobs}/{CONFIG_DIGEST[7:]}", CONFIG_RAW)(folder),
            "layer": written(f"{blobs}/{BLOB[7:]}", b"blob")(folder),
        }[part]

    return make


def read_layout(folder: Path, _path: Path) -> None:
    """An image in a folder, as a pull looks at it."""
    place = ImageLocation("there", folder=folder)
    check_layout(place)
    manifest = find_manifest(place, "web:1.0", environ(folder))
    if manifest is not None:
        check_blobs(place, manifest)
        sum(manifest.blobs.values())


def backup(part: str) -> Callable[[Path], Path]:
    """A backup with its checksum."""

    def make(folder: Path) -> Path:
        archive = folder / "data.tar.gz"
        archive.write_bytes(gzip.compress(TAR, 1))
        digest = hashlib.sha256(archive.read_bytes()).hexdigest()
        checksum_path(archive).write_text(f"{digest}  {archive.name}\n")
        return archive if part == "archive" else checksum_path(archive)

    return make


def read_backup(folder: Path, path: Path) -> None:
    """A backup from its first to its last byte."""
    archive = folder / "data.tar.gz"
    if path == archive:
        checksum_path(archive).unlink(missing_ok=True)
    contents = ArchiveContents(Room(1 << 30))
    with suppress(NoTar, TooMuch):
        examine(archive, contents.feed)
        contents.end()
