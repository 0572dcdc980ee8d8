"""Slips that input can have: other values in a JSON, other bytes in a file, other things for it."""

from __future__ import annotations

import copy
import json
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**31, 2**63, 2**200, 1.5, 1e308, float("inf"), float("nan"),
    "", "x", "0", "-1", "abc", "\0", "\x1b[2J", "\u202e", "::error::x", "a" * 5000, "/etc/passwd",
    "../../../../etc/passwd", "sha256:", "sha256:zz", "md5:x", "no-such:1", "${X}",
    "=,=,=", "9" * 30,
    "\ud800", [], [None], [[]], {}, {"a": 1}, ["a", "a"], {"": None},
)  # fmt: skip
PIECES = (
    b"", b"\0", b"\r", b"\n", b"\xff", b'"', b"[", b"]", b"{", b"}", b"=", b":", b",", b"#",
    b"null",
    b"\x1b[2J", b"-", b"9999999999999999999999", b"[" * 50_000, b"a=" * 1000, b"'''",
    b"\xef\xbb\xbf",
)  # fmt: skip


def mutated_json(document: Any, chance: random.Random) -> bytes:
    """A JSON with one to three slips: another value, a key lost, named otherwise or there twice."""
    changed = copy.deepcopy(document)
    for _ in range(chance.randint(1, 3)):
        changed = _slip(changed, chance)
    return json.dumps(changed).encode("utf-8", "surrogatepass")


def mutated_bytes(raw: bytes, chance: random.Random) -> bytes:
    """A file with one to three slips: bytes changed, cut out or put in; or it ends early."""
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(raw) + 1)
        kind = chance.randrange(5)
        if kind == 0:
            raw = raw[:at]
        elif kind == 1:
            raw = raw[:at] + chance.choice(PIECES) + raw[at + chance.randrange(4) :]
        elif kind == 2:
            raw = raw[:at] + bytes([chance.randrange(256)]) + raw[at + 1 :]
        elif kind == 3:
            raw = raw[:at] + raw[at : at + 600] + raw[at:]
        else:
            raw = raw[:at] + raw[at + chance.randrange(600) :]
    return raw


def _slip(document: Any, chance: random.Random) -> Any:
    places = list(_places(document))
    if not places:
        return copy.deepcopy(chance.choice(VALUES))
    holder, key = chance.choice(places)
    kind = chance.randrange(6)
    if kind == 0 and isinstance(holder, dict):
        del holder[key]
    elif kind == 1 and isinstance(holder, dict):
        holder[f"{key}x"] = holder.pop(key)
    elif kind == 2 and isinstance(holder, list):
        holder.insert(key, holder[key])
    elif kind == 3:
        other, at = chance.choice(places)
        holder[key] = copy.deepcopy(other[at])
    else:
        holder[key] = copy.deepcopy(chance.choice(VALUES))
    return document


def _places(value: Any) -> Any:
    if isinstance(value, dict):
        for key, below in value.items():
            yield value, key
            yield from _places(below)
    elif isinstance(value, list):
        for number, below in enumerate(value):
            yield value, number
            yield from _places(below)


def _sparse(path: Path) -> None:
    path.touch()
    os.truncate(path, 2**40)


def _unreadable(path: Path) -> None:
    path.write_bytes(b"x")
    path.chmod(0)


def _link_to(target: str) -> Callable[[Path], None]:
    return lambda path: path.symlink_to(target)


PLANTED: dict[str, Callable[[Path], object]] = {
    "a FIFO": os.mkfifo,
    "a folder": Path.mkdir,
    "a link to itself": lambda path: path.symlink_to(path.name),
    "a link to nothing": _link_to("no-such-file"),
    "a link to a device without end": _link_to("/dev/zero"),
    "a link to a file of others": _link_to("/etc/passwd"),
    "a hole of a terabyte": _sparse,
    "closed to us": _unreadable,
    "empty": Path.touch,
    "brackets without end": lambda path: path.write_bytes(b"[" * 200_000),
    "a number without end": lambda path: path.write_bytes(b"9" * 200_000),
    "NUL bytes": lambda path: path.write_bytes(bytes(5000)),
}
"""What may lie where a file of ours should be."""
