"""A backup on disk: one gzip file, the same bytes for the same content, and its checksum beside it.

`NAME.tar.gz` is there whole or not at all. `NAME.tar.gz.sha256` is in the words of sha256sum(1),
so that a backup can be checked with no capas at hand.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import secrets
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from types import TracebackType

from pipeline.bootstrap.private import private_folder
from pipeline.bootstrap.safe_files import open_regular, read_text, write_whole
from pipeline.engine.file_lock import try_lock
from pipeline.errors import CapasError, UsageError

_LEVEL = 5
_PIECE = 1 << 20
_LINE = 64 << 10
"""Bytes of a checksum's file: one line, whose name may be a long path of another program's."""


class Writing:
    """A backup while it is written; `keep` gives it its name.

    Args:
        target: the file's final path.

    Raises:
        UsageError: there is such a file already.
        OSError: from every method, when the disk is full or may not be written.
    """

    def __init__(self, target: Path) -> None:
        self.target = target
        self.content = hashlib.sha256()
        private_folder(target.parent, ours=False)
        if os.path.lexists(target):
            raise UsageError(f"{target} already exists", resolution="choose another name")
        self._partial = target.with_name(f".{target.name}.{secrets.token_hex(4)}")

    def __enter__(self) -> Writing:
        try:  # its name is known before it is there: an interruption can always take it away
            self._file = os.fdopen(_held_file(self._partial), "wb")
            self._gzip = gzip.GzipFile("", "wb", _LEVEL, self._file, mtime=0)
        except BaseException:
            self._partial.unlink(missing_ok=True)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        try:
            # A full disk was told by the write before.
            with suppress(OSError), closing(self._file), closing(self._gzip):
                pass
        finally:  # a program that we wait for may end before the interruption reaches us here
            self._partial.unlink(missing_ok=True)

    def write(self, piece: bytes) -> None:
        """Add a piece of the tar."""
        self.content.update(piece)
        self._gzip.write(piece)

    def keep(self) -> int:
        """Finish, write the checksum, name the file; its size in bytes."""
        self._gzip.close()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        size = self._partial.stat().st_size
        digest = digest_of(self._partial)
        # The checksum first: killed in between, there is a checksum of nothing, and no backup
        # without one.
        checksum = checksum_path(self.target)
        write_whole(checksum, f"{digest}  {self.target.name}\n".encode(errors="surrogateescape"))
        self._partial.replace(self.target)
        _sync_folder(self.target.parent)
        return size


def _held_file(path: Path) -> int:
    """A descriptor of a new file that is locked as long as somebody writes it.

    That is how a sweep tells it from what a killed backup left.
    """
    while True:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
        with suppress(OSError):  # a file system without locks: nothing is swept there
            try_lock(descriptor)
        try:
            if os.path.samestat(os.fstat(descriptor), os.lstat(path)):
                return descriptor
        except FileNotFoundError:
            pass  # it was swept in the moment before it was locked: once more
        os.close(descriptor)


def halves(folder: Path, name: str = "*") -> list[Path]:
    """What backups that were killed left in a folder: half files that nobody writes any more.

    Args:
        name: of the backup that each was to become; a pattern (fnmatch(3)).
    """
    found = sorted(folder.glob(f".{name}.{'[0-9a-f]' * 8}"))
    return [path for path in found if _is_left(path)]


def _is_left(path: Path) -> bool:
    """Whether it is a file of ours that nobody holds."""
    try:
        file = open_regular(path, owner=os.geteuid())
    except OSError:
        return False
    with file:
        try:
            return try_lock(file)
        except OSError:  # no locks are there, and nothing is known
            return False


def checksum_path(archive: Path) -> Path:
    """Where an archive's checksum lies."""
    return archive.with_name(f"{archive.name}.sha256")


def digest_of(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest()


def examine(path: Path, look: Callable[[bytes], object] = lambda _piece: None) -> str:
    """Read a backup from its first to its last byte; the SHA-256 of the tar in it.

    Args:
        look: is given each piece of the tar; what it raises ends the reading.

    Raises:
        UsageError: there is no such file.
        CapasError: it is damaged, or is no backup.
    """
    if not path.is_file():
        raise UsageError(
            f"there is no backup {path}",
            details="it is not a file" if os.path.lexists(path) else "it does not exist",
            resolution="`capas volume.backup` makes one, and says where",
        )
    if os.path.lexists(checksum := checksum_path(path)):
        try:
            expected = read_text(checksum.resolve(), limit=_LINE, errors="replace").split()[:1]
        except (OSError, RuntimeError) as error:
            why = f"{checksum}: {getattr(error, 'strerror', None) or error}"
        else:
            why = f"its checksum is not the one in {checksum.name}"
            why = "" if expected == [digest_of(path)] else why
        if why:
            raise damaged(path, why)
    content = hashlib.sha256()
    for piece in pieces(path):
        content.update(piece)
        look(piece)
    return content.hexdigest()


def pieces(path: Path) -> Iterator[bytes]:
    """The tar in a backup, piece by piece.

    Raises:
        CapasError: it is damaged, or is no backup.
    """
    try:
        with gzip.open(path, "rb") as file:
            while piece := file.read(_PIECE):
                yield piece
    except (OSError, EOFError, zlib.error) as error:
        raise damaged(path, str(error)) from None


def damaged(path: Path, why: str) -> CapasError:
    """The error for a backup that cannot be restored."""
    return CapasError(
        f"{path.name} is damaged or is not a backup of a volume",
        details=why,
        resolution="use another backup; the volume is unchanged",
    )


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
