"""What returns from the account's copy of a folder to root's: one table, and nothing else does.

Root runs what lies in its checkout, and its other programs are led by what lies in a project: a
`tasks.py`, an `invoke.yaml`, a `.envrc`, a hook of git. None of that ever comes from a task. What
returns is what tasks are there to make, as files that nobody can execute (docs/security.md).
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Sequence
from typing import NamedTuple

_MIB = 1 << 20
_TOLD = ("html", "json", "md", "sarif", "svg", "txt", "xml")
_EXPORTED = (
    *("yaml", "yml", "container", "volume", "network", "pod", "kube", "image", "build"),
    *("service", "socket", "target", "timer", "env", "conf"),
)
_PACKED = ("gz", "tgz", "zst", "tar", "sha256")


class ReturnRule(NamedTuple):
    """What may return.

    Attributes:
        folders: the folders it lies in, from the top; the last may be `**` for any below.
        endings: of its name, after the last dot; empty for any name.
        replaces: whether it may take the place of what root has; else it is new, or stays.
        limit: bytes.
    """

    folders: tuple[str, ...]
    endings: tuple[str, ...]
    replaces: bool
    limit: int


TABLE = (
    ReturnRule(("reports", "**"), _TOLD, replaces=True, limit=256 * _MIB),
    ReturnRule(("specs",), ("lock",), replaces=True, limit=16 * _MIB),
    ReturnRule(("specs",), ("toml", "json"), replaces=False, limit=4 * _MIB),
    ReturnRule(("containers", "**"), (), replaces=False, limit=64 * _MIB),
    ReturnRule(("backups", "**"), _PACKED, replaces=False, limit=1 << 50),
)
"""What returns of every folder. A file that `capas` itself does not make has no place here."""
ASKED = ReturnRule((), (*_TOLD, *_EXPORTED, *_PACKED), replaces=True, limit=1 << 50)
"""What returns of a path that root named for a result; also the files of an OCI image layout."""
_NAMING = ("--output", "--to")
"""Options whose value is such a path."""
_NEVER = frozenset({"action.yml", "action.yaml", "invoke.json", "invoke.yaml", "invoke.yml"})
"""Names by which a program would be led in whatever folder they lie; even when asked for."""


def asked_for(words: Sequence[str], place: str) -> tuple[str, ...]:
    """The paths, from the top of the project, that a command line names for results.

    Args:
        words: the task and its arguments.
        place: where root called, as a path from the top of the project; empty for the top.
    """
    found = []
    for word, following in zip(words, [*words, ""][1:], strict=True):
        option, equals, value = word.partition("=")
        if option in _NAMING and (named := value if equals else following):
            path = posixpath.normpath(posixpath.join(place, named))
            if not path.startswith(("/", "..")) and path != ".":
                found.append(path)
    return tuple(found)


def row_for(path: str, asked: Sequence[str] = ()) -> ReturnRule | None:
    """The row by which a file may return, or None: then it stays.

    Args:
        path: from the top of the folder.
        asked: paths that root named for results.
    """
    *folders, name = path.split("/")
    if any(part.startswith(".") or not part.isprintable() for part in (*folders, name)):
        return None
    ending = name.rpartition(".")[2]
    if name in _NEVER:
        return None
    if any(path == one or path.startswith(f"{one}/") for one in asked):
        return ASKED if ending in ASKED.endings or _is_of_layout(folders, name) else None
    for row in TABLE:
        if _lies_in(folders, row.folders) and (not row.endings or ending in row.endings):
            return row
    return None


def _lies_in(folders: Sequence[str], wanted: Sequence[str]) -> bool:
    if wanted[-1] == "**":
        above = list(wanted[:-1])
        return list(folders[: len(above)]) == above
    return list(folders) == list(wanted)


def _is_of_layout(folders: Sequence[str], name: str) -> bool:
    """Whether a file has a name of the OCI image layout (image-spec, "image-layout.md")."""
    blob = list(folders[-2:]) == ["blobs", "sha256"] and len(name) == 64
    return name == "oci-layout" or (blob and set(name) <= set("0123456789abcdef"))


def below(path: str, folder: str) -> str | None:
    """The rest of `path` below `folder`, with its slash; None when it lies elsewhere."""
    if path == folder:
        return ""
    return path[len(folder) :] if path.startswith(f"{folder.rstrip(os.sep)}/") else None
