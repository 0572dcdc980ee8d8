"""Random images as other tools might make them, put into the store through an OCI layout."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import random
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.engine import command

_NAMES = ("a", "b", "main.py", "name with spaces", "ñandú", "red\x1b[31m", "n" * 120)
_FOLDERS = ("", "app", "app/lib", "usr/share/doc", "d" * 90 + "/" + "e" * 90)
_FORMATS = (tarfile.PAX_FORMAT, tarfile.GNU_FORMAT)


def random_layer(chance: random.Random) -> bytes:
    """A tar with files, links, folders, whiteouts, odd names, modes, owners and times."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=chance.choice(_FORMATS)) as tar:
        seen: set[str] = set()
        files: list[str] = []
        for _ in range(chance.randrange(1, 9)):
            folder = chance.choice(_FOLDERS)
            _folders(tar, folder, seen)
            path = f"{folder}/{chance.choice(_NAMES)}".lstrip("/")
            _entry(tar, chance, path, seen, files)
    return stream.getvalue()


def _folders(tar: tarfile.TarFile, folder: str, seen: set[str]) -> None:
    parts = folder.split("/") if folder else []
    for count in range(1, len(parts) + 1):
        name = "/".join(parts[:count])
        if name not in seen:
            seen.add(name)
            info = tarfile.TarInfo(name)
            info.type, info.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(info)


def _entry(
    tar: tarfile.TarFile,
    chance: random.Random,
    path: str,
    seen: set[str],
    files: list[str],
) -> None:
    kind = chance.choice(("file",) * 6 + ("symlink", "hardlink", "whiteout", "opaque"))
    folder, _, name = path.rpartition("/")
    if kind == "whiteout":
        path = f"{folder}/.wh.{name}".lstrip("/")
    elif kind == "opaque":
        path = f"{folder}/.wh..wh..opq".lstrip("/")
        if not folder:
            return
    if path in seen or (kind == "whiteout" and f"{folder}/{name}".lstrip("/") in seen):
        return
    if kind == "file" and f"{folder}/.wh.{name}".lstrip("/") in seen:
        return
    seen.add(path)
    info = tarfile.TarInfo(path)
    info.mode = chance.choice((0o644, 0o755, 0o600, 0o4755))
    info.uid, info.gid = chance.choice(((0, 0), (1000, 1000), (33, 7)))
    info.mtime = chance.choice((0, 1, 1_700_000_000))
    if kind == "symlink":
        info.type, info.linkname = tarfile.SYMTYPE, chance.choice(("/a", "../b", "t" * 130))
    elif kind == "hardlink" and files:
        info.type, info.linkname = tarfile.LNKTYPE, chance.choice(files)
    elif kind in ("file", "hardlink"):
        content = chance.choice((b"", b"x", b"yy", chance.randbytes(chance.randrange(1, 5000))))
        info.size = len(content)
        tar.addfile(info, io.BytesIO(content))
        files.append(path)
        return
    tar.addfile(info)


def random_family(chance: random.Random, layout: Path, count: int) -> list[str]:
    """Some versions that share layers, in an OCI layout; the names of their tags."""
    pool = [random_layer(chance) for _ in range(chance.randrange(2, 6))]
    stack: list[bytes] = []
    tags = []
    for number in range(count):
        stack = stack[: chance.randrange(len(stack) + 1)]
        for _ in range(chance.randrange(1, 4)):
            stack.append(chance.choice(pool) if chance.random() < 0.5 else random_layer(chance))
        tags.append(f"v{number}")
        write_image(layout, tags[-1], stack, chance)
    write_index(layout, tags)
    return tags


def copy_in(layout: Path, tag: str, reference: str, environment: Mapping[str, str]) -> None:
    """Pull an image from a layout into the store."""
    command.run(
        ["skopeo", "copy", "--quiet", f"oci:{layout}:{tag}", f"containers-storage:{reference}"],
        environment=environment,
    )


def write_image(layout: Path, tag: str, stack: list[bytes], chance: random.Random) -> None:
    """Add an image of these layers to a layout; `write_index` completes it."""
    layers, history = [], []
    for number, tar in enumerate(stack):
        packed = chance.random() < 0.7
        blob = gzip.compress(tar, mtime=0) if packed else tar
        kind = "application/vnd.oci.image.layer.v1.tar" + ("+gzip" if packed else "")
        layers.append({"mediaType": kind, **_blob(layout, blob)})
        if chance.random() < 0.4:
            history.append({"created_by": f"ENV N={number}", "empty_layer": True})
        history.append({"created_by": chance.choice((f"RUN step {number}", "COPY . /app"))})
    config: dict[str, Any] = {
        "architecture": "amd64",
        "os": "linux",
        "config": {"Env": [f"TAG={tag}"]},
        "rootfs": {
            "type": "layers",
            "diff_ids": [f"sha256:{hashlib.sha256(tar).hexdigest()}" for tar in stack],
        },
    }
    if chance.random() < 0.9:
        config["history"] = history
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {
            "mediaType": "application/vnd.oci.image.config.v1+json",
            **_blob(layout, json.dumps(config).encode()),
        },
        "layers": layers,
    }
    layout.joinpath(f"{tag}.manifest").write_text(json.dumps(manifest))


def write_index(layout: Path, tags: list[str]) -> None:
    """Make a layout of the images that were added."""
    manifests = []
    for tag in tags:
        path = layout / f"{tag}.manifest"
        manifests.append(
            {
                "mediaType": "application/vnd.oci.image.manifest.v1+json",
                **_blob(layout, path.read_bytes()),
                "annotations": {"org.opencontainers.image.ref.name": tag},
            }
        )
        path.unlink()
    index = {"schemaVersion": 2, "manifests": manifests}
    (layout / "index.json").write_text(json.dumps(index))
    (layout / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')


def _blob(layout: Path, content: bytes) -> dict[str, object]:
    digest = hashlib.sha256(content).hexdigest()
    folder = layout / "blobs" / "sha256"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / digest).write_bytes(content)
    return {"digest": f"sha256:{digest}", "size": len(content)}
