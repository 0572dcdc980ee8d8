"""Our folders, and small files written whole or not at all; the cache can be deleted any time."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any


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


def read_json(path: Path) -> dict[str, Any]:
    """What was remembered; empty when nothing was, or it is unreadable."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def write_atomic(path: Path, text: str) -> None:
    """Write a file that is there whole or not at all; its folder is made, private to the user.

    Raises:
        OSError: the folder cannot be made or written.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).replace(path)
    except BaseException:
        with suppress(FileNotFoundError):
            Path(name).unlink()
        raise
