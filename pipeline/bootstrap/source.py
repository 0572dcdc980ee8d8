"""A folder that is mirrored, held by its descriptor: no rename of it or above it leads elsewhere.

It is opened once, before anything is read, and whose it is is asked of the descriptor. What its
owner puts in its place afterwards is not looked at.
"""

from __future__ import annotations

import os
import stat
from typing import NamedTuple

FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_WRITABLE_BY_OTHERS = 0o002


class SourceFolder(NamedTuple):
    """A folder.

    Attributes:
        path: how it is told, and where its mirror is named after; never opened again.
        descriptor: of the folder.
        uid: whose it is.
        gid: its group.
    """

    path: str
    descriptor: int
    uid: int
    gid: int


def opened(path: str) -> SourceFolder:
    """A folder by its absolute path, none of whose components may be a link.

    Raises:
        OSError: it does not exist, or a component is not a folder.
    """
    at = os.open("/", FOLDER)
    for part in path.split("/"):
        if part:
            try:
                below = os.open(part, FOLDER, dir_fd=at)
            finally:
                os.close(at)
            at = below
    return _source(path, at)


def here() -> SourceFolder:
    """The current folder, whatever its path leads to by now."""
    return _source(os.getcwd(), os.open(".", FOLDER & ~os.O_NOFOLLOW))


def project_around(current: SourceFolder) -> SourceFolder | None:
    """The folder of the project that a folder lies in; an empty folder is where one begins.

    It is looked for upwards, as long as the folders are those of one owner. A folder that others
    than its owner and group can write is nobody's project.
    """
    folder, at = current.path, os.dup(current.descriptor)
    try:
        while folder != "/":
            status = os.fstat(at)
            if status.st_uid != current.uid or status.st_mode & _WRITABLE_BY_OTHERS:
                break
            if _has_specs(at):
                return _source(folder, os.dup(at))
            above = os.open("..", FOLDER, dir_fd=at)
            os.close(at)
            folder, at = os.path.dirname(folder), above
    finally:
        os.close(at)
    is_open = os.fstat(current.descriptor).st_mode & _WRITABLE_BY_OTHERS
    return None if is_open or os.listdir(current.descriptor) else current


def _has_specs(folder: int) -> bool:
    try:
        return stat.S_ISDIR(os.stat("specs", dir_fd=folder, follow_symlinks=False).st_mode)
    except OSError:
        return False


def _source(path: str, descriptor: int) -> SourceFolder:
    status = os.fstat(descriptor)
    return SourceFolder(path, descriptor, status.st_uid, status.st_gid)
