"""What the report should say, computed in another way: `skopeo copy` to a folder, and its tars.

Nothing here reads the store's own records, and nothing is taken from the product.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import subprocess
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Entry:
    """One member of a layer's tar."""

    path: str
    kind: str
    size: int
    mode: int
    owner: tuple[int, int]
    content: str
    mtime: float


@dataclass(frozen=True)
class Layer:
    """A layer: the digest and length of its uncompressed tar, and its members."""

    diff_id: str
    size: int
    entries: tuple[Entry, ...]


def layers_of(reference: str, folder: Path, environment: Mapping[str, str]) -> list[Layer]:
    """The layers of an image in the store, bottom first."""
    subprocess.run(
        ["skopeo", "copy", "--quiet", f"containers-storage:{reference}", f"dir:{folder}"],
        env=dict(environment),
        check=True,
    )
    manifest = json.loads((folder / "manifest.json").read_text())
    return [_layer(folder / blob["digest"].split(":")[1]) for blob in manifest["layers"]]


def _layer(path: Path) -> Layer:
    raw = path.read_bytes()
    if raw[:2] == b"\x1f\x8b":
        raw = gzip.decompress(raw)
        path.write_bytes(raw)
    with tarfile.open(path) as tar:
        entries = tuple(_entry(tar, member) for member in tar.getmembers())
    return Layer(f"sha256:{hashlib.sha256(raw).hexdigest()}", len(raw), entries)


def _entry(tar: tarfile.TarFile, member: tarfile.TarInfo) -> Entry:
    path, kind, content, size = member.name, "other", "", 0
    folder, _, name = path.rpartition("/")
    if name == ".wh..wh..opq":
        path, kind = folder, "opaque"
    elif name.startswith(".wh."):
        path, kind = f"{folder}/{name[4:]}".lstrip("/"), "whiteout"
    elif member.isdir():
        kind = "directory"
    elif member.issym() or member.islnk():
        kind, content = ("symlink" if member.issym() else "hardlink"), member.linkname
    elif member.isfile():
        kind, size = "file", member.size
        data = tar.extractfile(member)
        assert data is not None
        content = hashlib.sha256(data.read()).hexdigest()
    return Entry(
        path, kind, size, member.mode, (member.uid, member.gid), content, float(member.mtime)
    )


def shared(older: list[Layer], newer: list[Layer]) -> int:
    """How many layers two images have in common from the bottom up."""
    for count, (one, other) in enumerate(zip(older, newer, strict=False)):
        if one.diff_id != other.diff_id:
            return count
    return min(len(older), len(newer))


def visible_and_wasted(layers: list[Layer]) -> tuple[dict[str, int], int]:
    """The files that all layers together show, with sizes, and the bytes that nobody sees."""
    tree: dict[str, int] = {}
    brought = 0
    for layer in layers:
        mine: dict[str, int] = {}
        for entry in layer.entries:
            if entry.kind == "whiteout":
                tree = {p: s for p, s in tree.items() if not _at_or_in(p, entry.path)}
            elif entry.kind == "opaque":
                tree = {p: s for p, s in tree.items() if not p.startswith(f"{entry.path}/")}
        for entry in layer.entries:
            if entry.kind in ("whiteout", "opaque"):
                continue
            if entry.kind == "directory":
                tree.pop(entry.path, None)
                continue
            tree = {p: s for p, s in tree.items() if not _at_or_in(p, entry.path)}
            mine[entry.path] = entry.size
            brought += entry.size
        tree |= mine
    return tree, brought - sum(tree.values())


def digests_at(path: str, layers: list[Layer]) -> set[str]:
    """Every content that a file at `path` has in one of the layers."""
    return {
        f"sha256:{e.content}"
        for layer in layers
        for e in layer.entries
        if e.kind == "file" and f"/{e.path}" == path
    }


def _at_or_in(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder}/")
