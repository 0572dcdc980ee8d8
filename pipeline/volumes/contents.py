"""How much a backup would bring, and what, from its tar, before any of it is written.

A file of a kilobyte can stand for one of a terabyte: by holes (GNU tar's sparse files), by gzip,
or by millions of names. So what comes is counted while the backup is read for its checksum, and
what the disk has no room for is refused there. The headers are those of tar(5) with the
extensions of pax(1) and of GNU; what neither has is no backup.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path

from pipeline.errors import CapasError
from pipeline.lean_dataclasses import dataclass
from pipeline.output.number_format import show_bytes
from pipeline.volumes.fingerprint import Fingerprint

_BLOCK = 512
_INODE = 4096
"""Bytes that a name costs on the disk, whatever is in the file."""
_EXTENSION = 64 << 20
"""Bytes of an extension header: a thousand extended attributes of the 64 KiB that Linux gives one
(xattr(7)), or a file of a million pieces with holes between."""
_RECORDS = 10_000
"""Records in one: the names of all attributes of a file have 64 KiB in Linux (XATTR_LIST_MAX)."""
_PIECES = 2_000_000
"""Pieces between holes, of all files of a backup: as many as there are is what it takes to read."""
_TAIL = 1 << 20
"""Bytes after the end: tar fills its last record, of 10 KiB unless it was told otherwise."""
_DATA, _EMPTY, _EXTENSIONS = b"0\0007", b"123456", b"xgKL"
_SPARSE = b"S"
_KINDS = _DATA + _EMPTY + _EXTENSIONS + _SPARSE
_SIZES = (b"GNU.sparse.realsize", b"GNU.sparse.size", b"size")
"""Of these, the first that is there is the file's size (GNU tar manual, Sparse Formats)."""
_OFFSET, _LENGTH = b"GNU.sparse.offset", b"GNU.sparse.numbytes"
_NUMBERS = (*_SIZES, _OFFSET, _LENGTH)
_STORED = (*_SIZES, b"GNU.sparse.numblocks")
"""Records about how a file is stored, and not about the file."""


class NoTar(ValueError):
    """It is no tar of a volume; the message says why."""


class TooMuch(ValueError):
    """There is no room for it; the message says how much it is."""


@dataclass(frozen=True)
class Room:
    """What a file system has left.

    Attributes:
        size: bytes.
        names: files; None where they have no number of their own.
    """

    size: int
    names: int | None = None


ENDLESS = Room(sys.maxsize)
"""For what is only looked at."""


def room_at(folder: Path) -> Room:
    """What is left at a folder, or at the first one above it that is there."""
    there = next(one for one in (folder, *folder.parents) if one.is_dir())
    seen = os.statvfs(there)
    return Room(seen.f_bavail * seen.f_frsize, seen.f_favail if seen.f_files else None)


class ArchiveContents:
    """Counts what a tar brings, piece by piece, and knows in the end what it was.

    Raises:
        NoTar: from `feed` and `end`: it is none.
        TooMuch: from `feed`: there is no room for it.
    """

    def __init__(self, room: Room) -> None:
        self.size = self.names = 0
        self._room = room
        self._held = bytearray()
        self._skip = 0
        self._over = False
        self._pieces = 0
        self._fingerprint = Fingerprint()
        self._steps = self._walk()
        self._wanted = next(self._steps)

    def feed(self, piece: bytes) -> None:
        """The next bytes of the tar."""
        at = 0
        while at < len(piece):
            if self._skip:
                taken = min(self._skip, len(piece) - at)
                self._skip -= taken
                self._fingerprint.data(piece[at : at + taken])
            else:
                taken = min(self._wanted - len(self._held), len(piece) - at)
                self._held += piece[at : at + taken]
                if len(self._held) == self._wanted:
                    block, self._held = bytes(self._held), bytearray()
                    self._wanted = self._steps.send(block)
            at += taken

    def end(self) -> None:
        """There are no more."""
        if not self._over:
            raise NoTar("it is cut short")

    def digest(self) -> str:
        """SHA-256 of all files: names, owners, modes, times, attributes and bytes."""
        return self._fingerprint.hexdigest()

    def _walk(self) -> Generator[int, bytes, None]:
        """Asks for so many bytes at a time, and is sent them."""
        extended: dict[bytes, bytes] = {}
        pieces: list[tuple[int, int]] = []
        while any(header := (yield _BLOCK)):
            kind, size = _checked(header)
            if kind in _EXTENSIONS:
                if size > _EXTENSION:
                    raise NoTar(f"a header of {show_bytes(size)}")
                self._count(size, 0)
                body = yield _padded(size)
                pieces += self._extended(extended, kind, body[:size])
                continue
            stored = int(extended.get(b"size", b"%d" % size))
            if kind in _EMPTY and stored:
                raise NoTar("an entry that is not a file has content")
            whole = next((int(extended[key]) for key in _SIZES if key in extended), stored)
            if kind in _SPARSE:
                whole = yield from self._sparse(header)
            if min(stored, whole) < 0:
                raise NoTar("a size below zero")
            self._count(max(stored, whole), 1)
            self._entry(header, extended, whole, pieces or [(0, stored)])
            self._skip = _padded(stored)
            extended, pieces = {}, []
        if any((yield _BLOCK)):  # two blocks of zeros are the end
            raise NoTar("there is something after its end")
        self._over = True
        for _ in range(_TAIL // _BLOCK):
            yield _BLOCK
        raise NoTar("it continues after its end")

    def _sparse(self, header: bytes) -> Generator[int, bytes, int]:
        """Read over the headers that go on with an old GNU sparse one; its file's whole size."""
        more = header[482]
        while more:
            more = (yield _BLOCK)[504]
        return _number(header[483:495])

    def _extended(
        self, extended: dict[bytes, bytes], kind: bytes, body: bytes
    ) -> list[tuple[int, int]]:
        """Take an extension header in; the pieces between holes that it names."""
        if kind not in b"xg":
            extended[kind] = body
            return []
        records, pieces = _records(body)
        extended |= records
        self._pieces += len(pieces)
        if self._pieces > _PIECES:
            raise NoTar(f"files of more than {_PIECES} pieces")
        return pieces

    def _entry(
        self,
        header: bytes,
        extended: Mapping[bytes, bytes],
        size: int,
        pieces: Sequence[tuple[int, int]],
    ) -> None:
        said = {key: value for key, value in extended.items() if key not in _STORED}
        try:
            self._fingerprint.entry(header, said, size, pieces)
        except ValueError as error:
            raise NoTar(str(error)) from None

    def _count(self, size: int, names: int) -> None:
        self.size += size + names * _INODE
        self.names += names
        if self.size > self._room.size:
            raise TooMuch(f"its files need {show_bytes(self.size)} or more")
        if self._room.names is not None and self.names > self._room.names:
            raise TooMuch(f"it has {self.names} files or more")


def too_much(source: Path, folder: Path, room: Room, why: str) -> CapasError:
    """The error for a backup that the disk has no room for (pure)."""
    left = show_bytes(room.size)
    left += "" if room.names is None else f" and {room.names} files"
    return CapasError(
        f"{source.name} does not fit on this disk; nothing of it was written",
        details=f"{why}, with its holes; {left} are free at {folder}",
        resolution="free some space there: the new content is written beside the old one",
    )


def _checked(header: bytes) -> tuple[bytes, int]:
    """Kind and size of an entry, after a look at the header's own checksum."""
    try:
        said, size = _number(header[148:156]), _number(header[124:136])
    except ValueError:
        raise NoTar("a header has invalid numbers") from None
    if said != sum(header) - sum(header[148:156]) + 8 * 0x20:
        raise NoTar("a header does not have its checksum")
    kind = header[156:157]
    if kind not in _KINDS or size < 0:
        raise NoTar(f"an entry of kind {kind!r}")
    return kind, size


def _records(body: bytes) -> tuple[dict[bytes, bytes], list[tuple[int, int]]]:
    """A pax header: records of the form `LENGTH KEY=VALUE` and a line feed; pieces apart."""
    found: dict[bytes, bytes] = {}
    pieces: list[tuple[int, int]] = []
    offset: int | None = None
    at = count = 0
    while at < len(body):
        blank = body.find(b" ", at, at + 20)
        if blank < 0 or not body[at:blank].isdigit():
            raise NoTar("an extension header has no lengths")
        end = at + int(body[at:blank])
        if end <= blank or end > len(body):
            raise NoTar("an extension header has wrong lengths")
        key, _, value = body[blank + 1 : end - 1].partition(b"=")
        at = end
        if key in _NUMBERS and (not value.isdigit() or len(value) > 20):
            raise NoTar("an extension header has a size that is not a number")
        if (offset is None) == (key == _LENGTH):
            raise NoTar("an extension header has half a piece")
        if offset is not None:
            pieces.append((offset, int(value)))
            offset = None
        elif key == _OFFSET:
            offset = int(value)
        else:
            found[key] = value
            count += 1
        if count > _RECORDS or len(pieces) > _PIECES:
            raise NoTar(f"an extension header of more than {_RECORDS} records")
    return found, pieces


def _number(field: bytes) -> int:
    """Octal text, or GNU's base-256 for large numbers."""
    if field[:1] in (b"\x80", b"\xff"):
        return int.from_bytes(field, "big", signed=True) & ((1 << 8 * (len(field) - 1)) - 1)
    return int(field.strip(b"\0 ") or b"0", 8)


def _padded(size: int) -> int:
    return -(-size // _BLOCK) * _BLOCK
