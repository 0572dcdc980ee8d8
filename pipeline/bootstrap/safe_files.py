"""Files in whose place somebody else may have put anything: opened without waiting or following.

A FIFO, a device, a socket, a folder, a link or a file that is too large is refused with an error
that says what it is. Nothing here blocks: each file is looked at, opened with O_NONBLOCK and
O_NOFOLLOW, and looked at again through its descriptor.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from typing import IO

SMALL = 1 << 20
"""Bytes that a stamp, a key, a lock or settings have at most, unless the caller says otherwise."""
_FLAGS = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
_CHUNK = 1 << 20
_KINDS = (
    (stat.S_ISLNK, errno.ELOOP, "a symbolic link"),
    (stat.S_ISDIR, errno.EISDIR, "a folder"),
    (stat.S_ISFIFO, errno.EINVAL, "a FIFO"),
    (stat.S_ISSOCK, errno.EINVAL, "a socket"),
    (stat.S_ISCHR, errno.EINVAL, "a device"),
    (stat.S_ISBLK, errno.EINVAL, "a device"),
)


class UnsafeFile(OSError):
    """What is there is no file that may be used; `strerror` says what it is instead."""


def open_regular(
    path: str | os.PathLike[str],
    *,
    limit: int | None = None,
    owner: int | None = None,
    dir_fd: int | None = None,
) -> IO[bytes]:
    """Open a regular file for reading.

    Args:
        path: of the file; only its last component is never followed.
        limit: the bytes that it may have; None for any number.
        owner: the user id that it must belong to; None for any.
        dir_fd: the folder that `path` is relative to.

    Raises:
        FileNotFoundError: nothing is there.
        UnsafeFile: it is not a regular file, too large, or somebody else's.
        OSError: it cannot be opened.
    """
    return os.fdopen(_opened(path, os.O_RDONLY, limit, owner, dir_fd), "rb")


def read_bytes(
    path: str | os.PathLike[str],
    *,
    limit: int = SMALL,
    owner: int | None = None,
    dir_fd: int | None = None,
) -> bytes:
    """The whole content of a regular file of at most `limit` bytes.

    Raises:
        FileNotFoundError: nothing is there.
        UnsafeFile: it is not a regular file, too large, or somebody else's.
        OSError: it cannot be read.
    """
    with open_regular(path, limit=limit, owner=owner, dir_fd=dir_fd) as file:
        content = file.read(limit + 1)  # it may have grown since it was looked at
    if len(content) > limit:
        raise _too_large(path, limit)
    return content


def read_text(
    path: str | os.PathLike[str],
    *,
    limit: int = SMALL,
    owner: int | None = None,
    dir_fd: int | None = None,
    errors: str = "strict",
) -> str:
    """The same as text in UTF-8.

    Raises:
        FileNotFoundError: nothing is there.
        UnsafeFile: it is not a regular file, too large, or somebody else's.
        OSError: it cannot be read.
        UnicodeDecodeError: it is not UTF-8, and `errors` is `strict`.
    """
    return read_bytes(path, limit=limit, owner=owner, dir_fd=dir_fd).decode("utf-8", errors)


def write_whole(
    path: str | os.PathLike[str],
    content: bytes,
    *,
    mode: int = 0o600,
    dir_fd: int | None = None,
) -> None:
    """Put a whole new file in the place of whatever is there, but a folder; never write through it.

    Args:
        path: of the file.
        content: all of it.
        mode: permission bits, whatever the umask is.
        dir_fd: the folder that `path` is relative to.

    Raises:
        OSError: it cannot be written, or a folder is there.
    """
    half = f"{os.fspath(path)}.{os.getpid()}.new"
    with suppress(FileNotFoundError):
        os.unlink(half, dir_fd=dir_fd)
    made = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _FLAGS, 0o600, dir_fd=dir_fd)
    try:
        with os.fdopen(made, "wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(file.fileno(), mode)
        os.replace(half, path, src_dir_fd=dir_fd, dst_dir_fd=dir_fd)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(half, dir_fd=dir_fd)
        raise


def open_lock(
    path: str | os.PathLike[str], *, owner: int | None = None, dir_fd: int | None = None
) -> int:
    """A descriptor, for reading and writing, of the file to lock with flock(2); made if missing.

    It is 0600: who can open a file can lock it, and keep all others waiting.

    Raises:
        UnsafeFile: what is there is no regular file, or somebody else's.
        OSError: it cannot be opened or made.
    """
    with suppress(FileExistsError):
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | _FLAGS
        return os.open(path, flags, 0o600, dir_fd=dir_fd)
    return _opened(path, os.O_RDWR, None, owner, dir_fd)


def _opened(
    path: str | os.PathLike[str],
    access: int,
    limit: int | None,
    owner: int | None,
    dir_fd: int | None,
) -> int:
    # A device may do something when it is opened: so it is looked at before that, too.
    _examine(path, os.stat(path, dir_fd=dir_fd, follow_symlinks=False), limit, owner)
    try:
        descriptor = os.open(path, access | _FLAGS, dir_fd=dir_fd)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise UnsafeFile(errno.ELOOP, "it is a symbolic link", os.fspath(path)) from None
        raise
    try:
        _examine(path, os.fstat(descriptor), limit, owner)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _examine(
    path: str | os.PathLike[str], status: os.stat_result, limit: int | None, owner: int | None
) -> None:
    name = os.fspath(path)
    for is_kind, number, what in _KINDS:
        if is_kind(status.st_mode):
            raise UnsafeFile(number, f"it is {what}, not a file", name)
    if owner is not None and status.st_uid != owner:
        raise UnsafeFile(errno.EPERM, f"it belongs to user id {status.st_uid}, not {owner}", name)
    if limit is not None and status.st_size > limit:
        raise _too_large(path, limit)


def _too_large(path: str | os.PathLike[str], limit: int) -> UnsafeFile:
    return UnsafeFile(errno.EFBIG, f"it is larger than {limit} bytes", os.fspath(path))
