"""What a reader of outside input is to the tests, and how a right file is made for it."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.unit.odd.mutate import mutated_bytes, mutated_json


@dataclass(frozen=True)
class Reader:
    """One thing that is read.

    Attributes:
        right: makes a whole environment in a folder, and returns the path of the file in it.
        read: reads it as capas does, and uses what it got.
        mutate: makes another file of a right one.
    """

    right: Callable[[Path], Path]
    read: Callable[[Path, Path], object]
    mutate: Callable[[bytes, random.Random], bytes] = mutated_bytes
    file: bool = True
    """Whether it is a file in whose place something else may lie."""


def as_json(raw: bytes, chance: random.Random) -> bytes:
    """A JSON file with a slip: mostly of values, now and then of bytes."""
    return (
        mutated_bytes(raw, chance)
        if chance.random() < 0.2
        else mutated_json(json.loads(raw), chance)
    )


def written(name: str, content: object) -> Callable[[Path], Path]:
    """Makes one file below a folder."""

    def make(folder: Path) -> Path:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        raw = content if isinstance(content, bytes) else json.dumps(content).encode()
        path.write_bytes(raw)
        return path

    return make


def environ(folder: Path) -> dict[str, str]:
    """All of our folders below one."""
    return {
        "HOME": str(folder),
        "XDG_CACHE_HOME": str(folder),
        "XDG_STATE_HOME": str(folder),
        "XDG_RUNTIME_DIR": str(folder),
        "PATH": str(folder / "bin"),
    }
