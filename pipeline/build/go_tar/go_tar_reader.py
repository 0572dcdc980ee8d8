"""The entries of a tar archive as Go's archive/tar reads them, to be written again by it."""

from __future__ import annotations

import bz2
import gzip
import lzma
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from pipeline.build.go_tar.go_tar_writer import BLOCK, Header

_MAGICS: Mapping[bytes, Callable[[IO[bytes]], IO[bytes]]] = {
    b"\x1f\x8b\x08": lambda file: cast("IO[bytes]", gzip.GzipFile(fileobj=file)),
    b"BZh": lambda file: cast("IO[bytes]", bz2.BZ2File(file)),
    b"\xfd7zXZ": lambda file: cast("IO[bytes]", lzma.LZMAFile(file)),  # noqa: SIM115 (its caller closes it)
}
_ZSTD = b"\x28\xb5\x2f\xfd"
_BASIC = {"path", "linkpath", "size", "uid", "gid", "uname", "gname", "mtime", "atime", "ctime"}


class CannotTell(Exception):
    """An archive in a form that this module does not read."""


def is_archive(path: Path) -> bool:
    """Whether ADD unpacks a file: it begins with a tar header, compressed or not.

    Raises:
        CannotTell: it is compressed with zstd.
        OSError: it cannot be read.
    """
    try:
        with _opened(path) as file:
            block = file.read(BLOCK)
    except (EOFError, lzma.LZMAError, gzip.BadGzipFile):
        return False
    return len(block) == BLOCK and (not any(block) or _checksum(block) == _octal(block[148:156]))


def entries(path: Path) -> Iterator[tuple[Header, Iterator[bytes]]]:
    """The entries of an archive with their contents, which must be read before the next entry.

    Raises:
        CannotTell: it is in a form that this module does not read.
        OSError: it cannot be read.
    """
    with _opened(path) as file:
        reader = _TarReader(file)
        while (header := reader.next()) is not None:
            yield header, reader.content(header.size)


class _TarReader:
    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def next(self) -> Header | None:
        records: dict[str, bytes] = {}
        long_name = long_link = b""
        extended = gnu = False
        while True:
            block = self._file.read(BLOCK)
            if len(block) < BLOCK or not any(block):
                return None
            kind = block[156:157]
            size = _number(block[124:136])
            if kind in (b"x", b"g"):
                found = _records(b"".join(self.content(size)))
                if kind == b"g":
                    raise CannotTell("a global PAX header")
                records.update(found)
                extended = True
            elif kind == b"L":
                long_name, gnu = b"".join(self.content(size)).split(b"\x00")[0], True
            elif kind == b"K":
                long_link, gnu = b"".join(self.content(size)).split(b"\x00")[0], True
            elif kind == b"S" or any(key.startswith("GNU.sparse") for key in records):
                raise CannotTell("a sparse file")
            else:
                header = _header(block, records, extended=extended)
                return _with_long(header, long_name, long_link, gnu=gnu)

    def content(self, size: int) -> Iterator[bytes]:
        left = size
        while left:
            part = self._file.read(min(left, 1 << 20))
            if not part:
                raise CannotTell("an archive that ends early")
            left -= len(part)
            yield part
        self._file.read(-size % BLOCK)


def _header(block: bytes, records: Mapping[str, bytes], *, extended: bool) -> Header:
    kind = block[156:157]
    magic = block[257:265]
    name = _text(block[0:100])
    if magic.startswith(b"ustar\x00") and (prefix := _text(block[345:500])):
        name = prefix + b"/" + name
    name = records.get("path", name)
    if kind == b"\x00":
        kind = b"5" if name.endswith(b"/") else b"0"
    if magic.startswith(b"ustar\x00") and block[508:512] == b"tar\x00":
        raise CannotTell("a star archive")
    is_content = kind in (b"0", b"7")
    return Header(
        name=name,
        kind=kind,
        mode=_number(block[100:108]),
        uid=_decimal(records, "uid", _number(block[108:116])),
        gid=_decimal(records, "gid", _number(block[116:124])),
        size=_decimal(records, "size", _number(block[124:136])) if is_content else 0,
        link=records.get("linkpath", _text(block[157:257])),
        user=records.get("uname", _text(block[265:297])) if magic.startswith(b"ustar") else b"",
        group=records.get("gname", _text(block[297:329])) if magic.startswith(b"ustar") else b"",
        major=_number(block[329:337]) if kind in b"34" else 0,
        minor=_number(block[337:345]) if kind in b"34" else 0,
        records={key: value for key, value in records.items() if key not in _BASIC},
        pax=extended,
        gnu=magic.startswith(b"ustar  "),
    )


def _with_long(header: Header, name: bytes, link: bytes, *, gnu: bool) -> Header:
    if not gnu:
        return header
    return Header(**{**vars(header), "name": name or header.name, "link": link or header.link})


def _records(data: bytes) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    while data:
        length, _, _ = data.partition(b" ")
        record, data = data[: int(length)], data[int(length) :]
        key, _, value = record[len(length) + 1 : -1].partition(b"=")
        found[key.decode("utf-8", "surrogateescape")] = value
    return found


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    with path.open("rb") as file:
        start = file.read(6)
        file.seek(0)
        if start.startswith(_ZSTD):
            raise CannotTell("a zstd archive")
        for magic, unpack in _MAGICS.items():
            if start.startswith(magic):
                with unpack(file) as unpacked:
                    yield unpacked
                return
        yield file


def _decimal(records: Mapping[str, bytes], key: str, otherwise: int) -> int:
    return int(records[key]) if key in records else otherwise


def _number(field: bytes) -> int:
    if field[:1] and field[0] & 0x80:
        value = int.from_bytes(bytes([field[0] & 0x7F]) + field[1:], "big")
        return value - (1 << (8 * len(field) - 1)) if field[0] & 0x40 else value
    return _octal(field)


def _octal(field: bytes) -> int:
    try:
        return int(field.strip(b" \x00") or b"0", 8)
    except ValueError:
        return -1


def _checksum(block: bytes) -> int:
    return sum(block) - sum(block[148:156]) + 8 * 32


def _text(field: bytes) -> bytes:
    return field.partition(b"\x00")[0]
