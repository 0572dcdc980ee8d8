"""A spec's file as text and data: whatever lies at the path, an answer soon and no surprise."""

from __future__ import annotations

import re
import stat
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.report.finding import Finding
from pipeline.spec.positions import Place, Positions, positions
from pipeline.spec.problem import KeyPath
from pipeline.spec.syntax import syntax_finding

SIZE_LIMIT = 1024 * 1024
"""Bytes; a spec of 500 versions and 200 services has about a tenth of it."""
DEPTH_LIMIT = 32
"""Tables and lists in each other; the language itself needs eight."""

_KEY = r"(?:[A-Za-z0-9_-]+|\"[^\"\n]*\"|'[^'\n]*')[ \t]*\.[ \t]*"
_DEEP_KEY = re.compile(rf"(?:^|[{{,])[ \t]*\[*[ \t]*(?:{_KEY}){{{DEPTH_LIMIT}}}", re.MULTILINE)


@dataclass(frozen=True)
class Document:
    """A file that was read.

    Attributes:
        path: as the user named it.
        text: its text without a byte order mark, line ends as they are; empty when it could not
            be read.
        data: its tables; empty when it could not be parsed.
        findings: why not.
    """

    path: Path
    text: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()


def read_document(path: Path) -> Document:
    """What lies at `path`; never raises."""
    try:
        raw = _read(path)
        text = raw.decode("utf-8").removeprefix("\ufeff")
    except OSError as error:
        return _unreadable(path, error.strerror or str(error))
    except UnicodeDecodeError as error:
        before = error.object[: error.start].decode("utf-8")
        return _unreadable(path, f"byte {error.object[error.start]:#04x} is no UTF-8", before)
    except (_NotASpec, ValueError) as error:  # ValueError: a NUL byte in the path itself
        return _unreadable(path, str(error))
    if "\0" in text:
        return _unreadable(path, "there is a NUL byte in it", text[: text.index("\0")])
    if match := _DEEP_KEY.search(text):  # before tomli, whose time grows with the square of it
        return _too_deep(path, text, Positions(text).place_of(match.span()))
    return _parse(path, text)


class _NotASpec(Exception):
    """What lies there is no file, or too large a one."""


def _read(path: Path) -> bytes:
    mode = path.stat().st_mode
    if stat.S_ISDIR(mode):
        raise _NotASpec("it is a folder, not a file")
    if not stat.S_ISREG(mode):
        raise _NotASpec("it is no regular file")
    with path.open("rb") as file:
        raw = file.read(SIZE_LIMIT + 1)
    if len(raw) > SIZE_LIMIT:
        raise _NotASpec(f"it is larger than {SIZE_LIMIT // 1024} KiB")
    return raw


def _parse(path: Path, text: str) -> Document:
    import tomli  # noqa: PLC0415 (after the file was found to be readable)

    try:
        data = tomli.loads(text)
    except RecursionError:
        return _too_deep(path, text, Place(0, 0, 0))
    except ValueError as error:  # TOMLDecodeError, and int() of too many digits
        return Document(path, text, findings=(syntax_finding(path, text, str(error)),))
    if deep := _deep_path(data):
        place = Place(0, 0, 0)
        with suppress(RecursionError):
            place = positions(text).place(deep)
        return _too_deep(path, text, place)
    return Document(path, text, data)


def _deep_path(data: Mapping[str, Any]) -> KeyPath:
    """The way to something at the depth limit, or nothing when nothing is as deep."""
    level: list[tuple[KeyPath, Any]] = [((), data)]
    for _ in range(DEPTH_LIMIT):
        level = [
            ((*path, name), child)
            for path, item in level
            for name, child in (item.items() if isinstance(item, dict) else enumerate(item))
            if isinstance(child, (dict, list))
        ]
    return level[0][0] if level else ()


def _too_deep(path: Path, text: str, place: Place) -> Document:
    message = f"tables and lists are nested deeper than {DEPTH_LIMIT} levels"
    finding = Finding(path, place.line, place.column, "CAP013", message)
    return Document(path, text, findings=(finding,))


def _unreadable(path: Path, message: str, before: str | None = None) -> Document:
    line = column = 0
    if before is not None:
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    message = f"the spec cannot be read: {message}"
    return Document(path, findings=(Finding(path, line, column, "CAP001", message),))
