"""Our folders, and small files written whole or not at all; the cache can be deleted any time."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from pipeline.bootstrap.private import close_tree, private_folder
from pipeline.bootstrap.safe_files import read_bytes
from pipeline.engine.json_input import parse_json


def home(environ: Mapping[str, str]) -> str:
    """The user's home folder."""
    return environ.get("HOME") or str(Path("~").expanduser())


def cache_folder(environ: Mapping[str, str]) -> Path:
    """`$XDG_CACHE_HOME/capas`; not made here."""
    return Path(environ.get("XDG_CACHE_HOME") or Path(home(environ), ".cache"), "capas")


def state_folder(environ: Mapping[str, str]) -> Path:
    """`$XDG_STATE_HOME/capas`; not made here."""
    state = environ.get("XDG_STATE_HOME") or Path(home(environ), ".local", "state")
    return Path(state, "capas")


def close_ours(environ: Mapping[str, str]) -> None:
    """Close what an earlier version, or another umask, left open to others.

    Of the cache only the folder itself: below it lie contexts with a user's own files.
    """
    close_tree(state_folder(environ))
    with suppress(OSError):
        if (cache := cache_folder(environ)).is_dir():
            private_folder(cache)


def read_json(path: Path) -> dict[str, Any]:
    """What was remembered; empty when nothing was, or it is unreadable, whatever it is."""
    try:
        content = parse_json(read_bytes(path))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def write_atomic(path: Path, text: str) -> None:
    """Write a file that is there whole or not at all; its folder is made, private to the user.

    Raises:
        OSError: the folder cannot be made or written.
    """
    private_folder(path.parent)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).replace(path)
    except BaseException:
        with suppress(FileNotFoundError):
            Path(name).unlink()
        raise
