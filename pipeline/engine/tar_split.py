"""The files of a stored layer, read from the store's record of its tar stream.

containers-storage keeps, per layer, what is needed to make the layer's tar stream again: the
headers as they were, and for each file its size and a CRC-64 of its content (vbatts/tar-split,
version 1: one JSON object per line, gzipped). That lists a layer's files, and tells equal
contents from different ones, without touching the files themselves.
"""

from __future__ import annotations

import binascii
import gzip
import hashlib
import json
import os
import stat
import zlib
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from pipeline.bootstrap.safe_files import open_regular
from pipeline.engine.storage import StoredLayer
from pipeline.errors import EngineError
from pipeline.lean_dataclasses import dataclass

Kind = Literal["file", "directory", "symlink", "hardlink", "device", "whiteout", "opaque"]

_BLOCK = 512
_PIECE = 1 << 20
"""Bytes that are read at once."""
_LINE = 64 << 20
"""Bytes of one entry of the record: a header and its extensions, of which a kernel reads 64 KiB."""
_SEGMENT = 2
_EXTENSIONS = b"xgLKXS"
_KINDS: dict[bytes, Kind] = {
    b"1": "hardlink",
    b"2": "symlink",
    b"3": "device",
    b"4": "device",
    b"5": "directory",
    b"6": "device",
}
_WHITEOUT = ".wh."
_OPAQUE = ".wh..wh..opq"
_XATTR = "SCHILY.xattr."
_OVERLAYS_OWN = ("SCHILY.xattr.user.overlay.", "SCHILY.xattr.trusted.overlay.")
"""Marks of the overlay filesystem that slip into layers; they say nothing about the file."""


@dataclass(frozen=True)
class LayerFile:
    """One entry of a layer.

    Attributes:
        path: below the root, without a leading or trailing slash.
        kind: `whiteout` removes `path` from the layers below; `opaque` removes all that the
            layers below have in the folder `path` (OCI image-spec, layer.md).
        size: bytes of content.
        mode: permission bits.
        content: of a file, its checksum; of a link, its target; else empty.
        mtime: seconds since the epoch, as the header says it.
        xattrs: extended attributes such as capabilities, `name=value` joined by spaces.
    """

    path: str
    kind: Kind
    size: int
    mode: int
    uid: int
    gid: int
    content: str
    mtime: str
    xattrs: str = ""


def read_file_list(layer: StoredLayer) -> tuple[LayerFile, ...]:
    """The entries of a layer, in the order of its tar stream.

    Raises:
        EngineError: the record is missing or damaged, or does not fit the layer's size.
    """
    try:
        with open_regular(layer.file_list) as stored, gzip.open(stored) as lines:
            files, size = _read(_entries(lines))
    except gzip.BadGzipFile:
        raise _unreadable(layer, "not compressed by gzip, as containers-storage does") from None
    except OSError as error:
        raise _unreadable(layer, error.strerror or str(error)) from None
    except (EOFError, zlib.error):
        raise _unreadable(layer, "cut short") from None
    except KeyError as error:
        raise _unreadable(layer, f"an entry has no {error}") from None
    except (ValueError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise _unreadable(layer, str(error)) from None
    if size != layer.size:
        raise _unreadable(layer, f"it describes {size} bytes, the layer has {layer.size}")
    return tuple(files)


def file_digest(layer: StoredLayer, path: str) -> str | None:
    """The sha256 of a file's content, in hexadecimal, or None when we may not read it."""
    folder, _, name = path.rpartition("/")
    if not _stays_inside(layer.folder, folder):
        return None
    digest = hashlib.sha256()
    try:
        opened = os.open(layer.folder / folder / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(opened, "rb") as stream:
            if not stat.S_ISREG(os.fstat(opened).st_mode):
                return None
            while chunk := stream.read(_PIECE):
                digest.update(chunk)
    except OSError:
        return None
    return digest.hexdigest()


@lru_cache(maxsize=1024)
def _stays_inside(root: Path, folder: str) -> bool:
    """Whether a folder of a layer is really below it: links in it may lead anywhere."""
    return Path(os.path.realpath(root / folder)).is_relative_to(os.path.realpath(root))


def _entries(lines: gzip.GzipFile) -> Iterator[dict[str, Any]]:
    """The JSON objects of a record: a piece of many lines at a time is parsed twice as fast."""
    begun = b""
    while piece := lines.read(_PIECE):
        whole, _, begun = (begun + piece).rpartition(b"\n")
        if len(begun) > _LINE:
            raise ValueError("an entry has no end")
        yield from json.loads(b"[%b]" % whole.replace(b"\n", b","))
    if begun:
        yield json.loads(begun)


def _read(entries: Iterable[dict[str, Any]]) -> tuple[list[LayerFile], int]:
    """The files, and the bytes of the whole tar stream."""
    files: list[LayerFile] = []
    headers = b""
    total = padding = 0
    for entry in entries:
        if entry["type"] == _SEGMENT:
            segment = binascii.a2b_base64(entry["payload"] or "")
            headers += segment
            total += len(segment)
            continue
        size = int(entry.get("size") or 0)
        name = entry.get("name")
        if name is None:
            name = binascii.a2b_base64(entry["name_raw"]).decode("utf-8", "surrogateescape")
        files.append(_file(name, size, entry.get("payload"), headers[padding:]))
        headers = b""
        total += size
        padding = -size % _BLOCK
    return files, total


def _file(name: str, size: int, checksum: str | None, headers: bytes) -> LayerFile:
    header, extended = _last_header(headers)
    path = name.strip("/").removeprefix("./")
    path = "" if path == "." else path
    folder, _, last = path.rpartition("/")
    kind = _KINDS.get(header[156:157], "file")
    content = checksum or ""
    if kind in ("symlink", "hardlink"):
        content = extended.get("linkpath") or _text(header[157:257])
    elif kind == "file" and size:
        content = binascii.a2b_base64(content).hex()
    elif kind == "device":
        content = f"{_text(header[156:157])} {_number(header[329:337])}:{_number(header[337:345])}"
    if last == _OPAQUE:
        kind, path, content = "opaque", folder, ""
    elif last.startswith(_WHITEOUT):
        kind, content = "whiteout", ""
        path = f"{folder}/{last[len(_WHITEOUT) :]}".lstrip("/")
    return LayerFile(
        path=path,
        kind=kind,
        size=size,
        mode=_number(header[100:108]) & 0o7777,
        uid=int(extended.get("uid") or _number(header[108:116])),
        gid=int(extended.get("gid") or _number(header[116:124])),
        content=content,
        mtime=extended.get("mtime") or str(_number(header[136:148])),
        xattrs=_xattrs(extended) if extended else "",
    )


def _xattrs(extended: Mapping[str, str]) -> str:
    return " ".join(
        f"{key.removeprefix(_XATTR)}={value}"
        for key, value in sorted(extended.items())
        if key.startswith(_XATTR) and not key.startswith(_OVERLAYS_OWN)
    )


def _last_header(headers: bytes) -> tuple[bytes, dict[str, str]]:
    """The header of the entry itself, and what extension headers before it say (pax(1), ustar)."""
    extended: dict[str, str] = {}
    at = 0
    while True:
        header = headers[at : at + _BLOCK]
        if len(header) < _BLOCK:
            raise ValueError("a tar header is cut short")
        kind = header[156:157]
        if kind not in _EXTENSIONS or not kind.strip(b"\0"):
            return header, extended
        size = _number(header[124:136])
        body = headers[at + _BLOCK : at + _BLOCK + size]
        if kind == b"x":
            extended.update(_pax(body))
        elif kind == b"K":
            extended["linkpath"] = _text(body)
        at += _BLOCK + size + (-size % _BLOCK)


def _pax(body: bytes) -> dict[str, str]:
    """Records of the form `LENGTH KEY=VALUE` and a line feed."""
    records: dict[str, str] = {}
    while body:
        said, _, record = body.partition(b" ")
        length = int(said)
        if length <= len(said):
            raise ValueError("a record of an extension header has no length")
        key, _, value = record[: length - len(said) - 1].rstrip(b"\n").partition(b"=")
        records[_text(key)] = value.decode("utf-8", "surrogateescape")
        body = body[length:]
    return records


@lru_cache(maxsize=4096)
def _number(field: bytes) -> int:
    """Octal text, or GNU's base-256 for large numbers."""
    if field[:1] in (b"\x80", b"\xff"):
        return int.from_bytes(field, "big", signed=True) & ((1 << 8 * (len(field) - 1)) - 1)
    return int(field.strip(b"\0 ") or b"0", 8)


def _text(field: bytes) -> str:
    return field.split(b"\0", 1)[0].decode("utf-8", "surrogateescape")


def _unreadable(layer: StoredLayer, why: str) -> EngineError:
    return EngineError(
        f"the file list of layer {layer.diff_id} cannot be read",
        details=f"{layer.file_list}: {why}",
        resolution="the store was changed by hand or damaged: build or pull the image again",
    )
