"""A folder as a value: its entries, and what makes one folder equal to another.

Nothing here follows a symbolic link or leaves the file system of the folder: either side may be
somebody else's.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from typing import NamedTuple

from pipeline.bootstrap.source import FOLDER

_LEFT_OUT = frozenset(
    {
        *(".venv", ".venv.lock", "__pycache__", "node_modules"),
        *(".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis", ".import_linter_cache"),
    }
)


class TreeEntry(NamedTuple):
    """One entry of a folder.

    Attributes:
        kind: `f` (regular file), `d` (folder) or `l` (symbolic link).
        mode: permission bits, with the owner's own rights always set; 0 for links.
        size: bytes; 0 for all but files.
        mtime: of a file, in nanoseconds since the epoch; 0 for all but files.
        target: what a link points to.
    """

    kind: str
    mode: int
    size: int
    mtime: int
    target: str


_DEEPEST = 60
"""Folders within folders that are looked into: each holds a descriptor meanwhile."""

Root = int | str
"""A folder: its descriptor, or its path for whoever owns all that leads to it."""
Tree = dict[str, TreeEntry]
"""Entries by their path below the root, parents before children."""


def read_tree(root: Root, *, leave_out: str = "") -> Tree:
    """All entries below `root`, without environments, caches and special files.

    Args:
        root: the folder.
        leave_out: an entry at its top that is left out too.
    """
    folder = open_folder(root, ())
    try:
        return dict(_walk(folder, "", {*_LEFT_OUT, leave_out}))
    finally:
        os.close(folder)


def read_entry(root: Root, path: str) -> TreeEntry | None:
    """One entry below `root`, or None when there is none of a kind that is mirrored."""
    *folders, name = path.split("/")
    try:
        folder = open_folder(root, folders)
    except OSError:
        return None
    try:
        return _entry_of(folder, name, os.stat(name, dir_fd=folder, follow_symlinks=False))
    except OSError:
        return None
    finally:
        os.close(folder)


def open_folder(root: Root, parts: Sequence[str], *, make: bool = False) -> int:
    """A descriptor of the folder that `parts` lead to, each opened below the one before.

    Args:
        make: for writing: what is missing is made, and each folder on the way has to be our own.

    Raises:
        OSError: a part is a link or no folder, lies on another file system, or is not our own.
    """
    at = os.dup(root) if isinstance(root, int) else os.open(root, FOLDER)
    try:
        device = os.fstat(at).st_dev
        for part in parts:
            if make:
                _own(at, part)
                with suppress(FileExistsError):
                    os.mkdir(part, 0o755, dir_fd=at)
            below = os.open(part, FOLDER, dir_fd=at)
            os.close(at)
            at = below
            if os.fstat(at).st_dev != device:
                raise OSError(errno.EXDEV, "it lies on another file system", part)
        if make:
            _own(at, parts[-1] if parts else ".")
    except BaseException:
        os.close(at)
        raise
    return at


def _own(folder: int, name: str) -> None:
    """Refuse to write into a folder of somebody else's, who could have moved it anywhere."""
    owner = os.fstat(folder).st_uid
    if owner != os.geteuid():
        raise OSError(errno.EPERM, f"the folder belongs to user id {owner}", name)


def to_send(have: Mapping[str, TreeEntry], want: Mapping[str, TreeEntry]) -> list[str]:
    """The paths of `want` that differ from `have`, parents first."""
    return [path for path, entry in want.items() if have.get(path) != entry]


def to_delete(have: Mapping[str, TreeEntry], want: Mapping[str, TreeEntry]) -> list[str]:
    """The paths of `have` that `want` no longer has, or has as another kind; children first."""
    return [
        path
        for path, entry in reversed(list(have.items()))
        if path not in want or want[path].kind != entry.kind
    ]


def _walk(folder: int, below: str, left_out: AbstractSet[str]) -> Iterator[tuple[str, TreeEntry]]:
    with os.scandir(folder) as entries:
        found = sorted(entries, key=lambda one: one.name)
    for one in found:
        if one.name in left_out:
            continue
        try:
            entry = _entry_of(folder, one.name, one.stat(follow_symlinks=False))
        except OSError:
            continue  # it went away meanwhile, or became another kind
        if entry is not None:
            path = f"{below}{one.name}"
            yield path, entry
            if entry.kind == "d" and path.count("/") < _DEEPEST:
                yield from _below(folder, one.name, f"{path}/")


def _below(folder: int, name: str, path: str) -> Iterator[tuple[str, TreeEntry]]:
    try:
        inner = open_folder(folder, (name,))
    except OSError:
        return  # a container's own data, a mount, or no folder any more
    try:
        yield from _walk(inner, path, _LEFT_OUT)
    finally:
        os.close(inner)


def _entry_of(folder: int, name: str, status: os.stat_result) -> TreeEntry | None:
    mode = status.st_mode & 0o777 | 0o600
    if stat.S_ISDIR(status.st_mode):
        return TreeEntry("d", mode | 0o100, 0, 0, "")
    if stat.S_ISREG(status.st_mode):
        return TreeEntry("f", mode, status.st_size, status.st_mtime_ns, "")
    if stat.S_ISLNK(status.st_mode):
        return TreeEntry("l", 0, 0, 0, os.readlink(name, dir_fd=folder))
    return None
