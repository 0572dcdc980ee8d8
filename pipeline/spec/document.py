"""A spec's file as text and data: whatever lies at the path, an answer soon and no surprise."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from pipeline.lean_dataclasses import dataclass, field
from pipeline.lean_re import lazy_pattern
from pipeline.output.findings.finding import Finding
from pipeline.spec.positions import Position, Positions, positions
from pipeline.spec.problem import KeyPath, near_file
from pipeline.spec.syntax import syntax_finding
from pipeline.spec.textfile import Unreadable, kind_at, read_text

DEPTH_LIMIT = 32
"""Tables and lists in each other; the language itself needs eight."""
VALUE_LIMIT = 20_000
"""Keys and entries of lists; a spec of 500 versions and 200 services has about 6,000."""

_KEY = r"(?:[A-Za-z0-9_-]+|\"[^\"\n]*\"|'[^'\n]*')[ \t]*\.[ \t]*"
_DEEP_KEY = lazy_pattern(rf"(?:^|[{{,])[ \t]*\[*[ \t]*(?:{_KEY}){{{DEPTH_LIMIT}}}", re.MULTILINE)
_ESCAPED_NUL = lazy_pattern(r"\\(?:x00|u0{4}|U0{8})")


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
        text = read_text(path)
    except Unreadable as error:
        return _unreadable(path, error)
    if match := _DEEP_KEY.search(text):  # before tomli, whose time grows with the square of it
        return _too_deep(path, text, Positions(text).place_of(match.span()))
    return _parse(path, text)


def _parse(path: Path, text: str) -> Document:
    import tomli  # noqa: PLC0415 (after the file was found to be readable)

    try:
        data = tomli.loads(text)
    except RecursionError:
        return _too_deep(path, text, Position(0, 0, 0))
    except ValueError as error:  # TOMLDecodeError, and int() of too many digits
        return Document(path, text, findings=(syntax_finding(path, text, str(error)),))
    if _has_too_many_values(data):
        message = f"there are more than {VALUE_LIMIT} keys and values"
        return Document(path, text, findings=(Finding(path, 1, 1, "CAP001", message),))
    if deep := _deep_path(data):
        place = Position(0, 0, 0)
        with suppress(RecursionError):
            place = positions(text).place(deep)
        return _too_deep(path, text, place)
    if _ESCAPED_NUL.search(text) and (nul := _nul_path(data)):
        place = positions(text).place(nul)
        message = "there is a NUL in it, which no path, name or variable may hold"
        finding = Finding(
            path, place.line, place.column, "CAP001", message, "error", "", place.end_column
        )
        return Document(path, text, findings=(finding,))
    return Document(path, text, data)


def _has_too_many_values(data: Mapping[str, Any]) -> bool:
    count = 0
    waiting: list[Any] = [data]
    while waiting and count <= VALUE_LIMIT:
        item = waiting.pop()
        count += len(item)
        children = item.values() if isinstance(item, dict) else item
        waiting += [child for child in children if isinstance(child, (dict, list))]
    return count > VALUE_LIMIT


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


def _nul_path(value: Any, path: KeyPath = ()) -> KeyPath:
    """The way to a text or key with a NUL, or nothing; `value` is not too deep."""
    if isinstance(value, str):
        return path if "\0" in value else ()
    if not isinstance(value, (dict, list)):
        return ()
    for name, child in value.items() if isinstance(value, dict) else enumerate(value):
        here = (*path, name)
        if (isinstance(name, str) and "\0" in name) or (here := _nul_path(child, here)):
            return here
    return ()


def _too_deep(path: Path, text: str, place: Position) -> Document:
    message = f"tables and lists are nested deeper than {DEPTH_LIMIT} levels"
    finding = Finding(path, place.line, place.column, "CAP013", message)
    return Document(path, text, findings=(finding,))


def _unreadable(path: Path, error: Unreadable) -> Document:
    line = column = 0
    if error.before is not None:
        line, column = error.before.count("\n") + 1, len(error.before) - error.before.rfind("\n")
    message = f"the spec cannot be read: {error.message}"
    hint = "" if kind_at(path) else near_file(path)
    return Document(path, findings=(Finding(path, line, column, "CAP001", message, hint=hint),))
