"""Folders and files of ours that nobody else may look into, whatever the umask is."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

_OTHERS = 0o077
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def private_folder(path: Path, *, ours: bool = True) -> None:
    """Make a folder, and those above it that are missing, for this user alone.

    `Path.mkdir` gives what is missing above a folder the mode that the umask leaves.

    Args:
        ours: nobody else has a reason to look into it: one that is there is closed to others.

    Raises:
        OSError: it cannot be made, or is not a folder.
    """
    missing = []
    for folder in (path, *path.parents):
        if folder.is_dir():
            break
        missing.append(folder)
    for folder in reversed(missing):
        _make(folder)
    if ours and path not in missing:
        _close(path, path.lstat(), _FOLDER, 0o700)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, exist_ok=True)  # another build may have made it by now
    except FileExistsError:
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder)) from None


def private_opener(path: str, flags: int) -> int:
    """For `open(…, opener=)`: a file that this user alone may read, no link, and never waited for.

    Raises:
        OSError: it cannot be opened; ENXIO for a FIFO that nobody reads, ELOOP for a link.
    """
    descriptor = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o600)
    status = os.fstat(descriptor)
    if stat.S_ISREG(status.st_mode) and status.st_mode & _OTHERS:
        os.fchmod(descriptor, 0o600)
    return descriptor


def close_tree(folder: Path) -> None:
    """Close a folder of ours and everything below it to others; what is not ours is left alone.

    A file that has another name elsewhere is left alone, too: it may be somebody's checkout.
    """
    try:
        status = folder.lstat()
    except OSError:
        return
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid():
        return
    _close(folder, status, _FOLDER, 0o700)
    waiting = [folder]
    while waiting:
        try:
            below = [Path(entry.path) for entry in os.scandir(waiting.pop())]
        except OSError:
            continue
        for path in below:
            try:
                status = path.lstat()
            except OSError:
                continue
            if stat.S_ISDIR(status.st_mode):
                _close(path, status, _FOLDER, 0o700)
                waiting.append(path)
            elif stat.S_ISREG(status.st_mode) and status.st_nlink == 1:
                _close(path, status, _FILE, 0o600)


def _close(path: Path, seen: os.stat_result, flags: int, mode: int) -> None:
    """Take others' rights away, by a descriptor: a name could be another thing's by then."""
    if not seen.st_mode & _OTHERS or seen.st_uid != os.geteuid():
        return
    try:
        descriptor = os.open(path, flags)
    except OSError:
        return
    try:
        now = os.fstat(descriptor)
        if (now.st_dev, now.st_ino) == (seen.st_dev, seen.st_ino):
            os.fchmod(descriptor, mode)
    except OSError:
        pass  # a file system that keeps no modes
    finally:
        os.close(descriptor)
