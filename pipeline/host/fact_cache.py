"""Files of the system as they are, and what was found out and is kept between commands."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from pipeline.bootstrap.safe_files import read_text
from pipeline.engine.cache import read_json, write_atomic
from pipeline.engine.json_shape import Shape, fit


def read(path: str | Path) -> str:
    """A file's text; empty when it cannot be read, or is not a file."""
    try:  # links are followed: /etc/os-release is one
        return read_text(os.path.realpath(path), limit=_MOST, errors="replace")
    except (OSError, ValueError):
        return ""


_MOST = 64 << 20
"""Bytes: the mounts of a host with a hundred thousand containers."""


class FactCache:
    """Answers that cost a process to get, kept between commands; losing them only costs time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known = read_json(path)
        self._changed = False

    def recall(self, key: str, shape: Shape) -> Any:
        """What was remembered under `key`; None when nothing was, or nothing of this shape."""
        if key not in self._known:
            return None
        with suppress(ValueError):
            return fit(self._known[key], shape)
        return None

    def remember(self, topic: str, key: str, value: Any) -> None:
        """Keep `value`, and forget what the same topic knew under older keys."""
        self._known = {k: v for k, v in self._known.items() if not k.startswith(f"{topic} ")}
        self._known[key] = value
        self._changed = True

    def save(self) -> None:
        """Write what is new; a folder that cannot be written only costs the next command time."""
        if self._changed:
            with suppress(OSError):
                write_atomic(self._path, json.dumps(self._known, indent=1))
