"""A folder as a value: its entries, and what makes one folder equal to another.

Nothing here follows a symbolic link: either side may be somebody else's.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import NamedTuple

_LEFT_OUT = frozenset(
    {
        *(".venv", "__pycache__", "node_modules"),
        *(".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis", ".import_linter_cache"),
    }
)


class Entry(NamedTuple):
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


Tree = dict[str, Entry]
"""Entries by their path below the root, parents before children."""


def read_tree(root: str, *, leave_out: str = "") -> Tree:
    """All entries below `root`, without environments, caches and special files.

    Args:
        root: the folder.
        leave_out: an entry at its top that is left out too.
    """
    return dict(_walk(root, "", {*_LEFT_OUT, leave_out}))


def read_entry(root: str, path: str) -> Entry | None:
    """One entry below `root`, or None when there is none of a kind that is mirrored."""
    try:
        status = os.lstat(f"{root}/{path}")
    except OSError:
        return None
    return _entry_of(f"{root}/{path}", status)


def to_send(have: Mapping[str, Entry], want: Mapping[str, Entry]) -> list[str]:
    """The paths of `want` that differ from `have`, parents first."""
    return [path for path, entry in want.items() if have.get(path) != entry]


def to_delete(have: Mapping[str, Entry], want: Mapping[str, Entry]) -> list[str]:
    """The paths of `have` that `want` no longer has, or has as another kind; children first."""
    return [
        path
        for path, entry in reversed(list(have.items()))
        if path not in want or want[path].kind != entry.kind
    ]


def _walk(root: str, below: str, left_out: AbstractSet[str]) -> Iterator[tuple[str, Entry]]:
    try:
        with os.scandir(f"{root}/{below}") as entries:
            found = sorted(entries, key=lambda one: one.name)
    except PermissionError:
        return  # a container's own data, that belongs to a subordinate id
    for one in found:
        if one.name in left_out:
            continue
        entry = _entry_of(one.path, one.stat(follow_symlinks=False))
        if entry is not None:
            path = f"{below}{one.name}"
            yield path, entry
            if entry.kind == "d":
                yield from _walk(root, f"{path}/", _LEFT_OUT)


def _entry_of(path: str, status: os.stat_result) -> Entry | None:
    mode = status.st_mode & 0o777 | 0o600
    if stat.S_ISDIR(status.st_mode):
        return Entry("d", mode | 0o100, 0, 0, "")
    if stat.S_ISREG(status.st_mode):
        return Entry("f", mode, status.st_size, status.st_mtime_ns, "")
    if stat.S_ISLNK(status.st_mode):
        return Entry("l", 0, 0, 0, os.readlink(path))
    return None
