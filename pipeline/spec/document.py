"""A spec's file as text and data: whatever lies at the path, an answer soon and no surprise."""

from __future__ import annotations

import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.report.finding import Finding

SIZE_LIMIT = 1024 * 1024
"""Bytes; a spec of 500 versions and 200 services has about a tenth of it."""
DEPTH_LIMIT = 32
"""Tables and lists in each other; the language itself needs seven."""

_KEY = r"(?:[A-Za-z0-9_-]+|\"[^\"\n]*\"|'[^'\n]*')[ \t]*\.[ \t]*"
_DEEP_KEY = re.compile(rf"(?:^|[{{,])[ \t]*\[*[ \t]*(?:{_KEY}){{{DEPTH_LIMIT}}}", re.MULTILINE)
_ERROR_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


@dataclass(frozen=True)
class Document:
    """A file that was read.

    Attributes:
        path: as the user named it.
        text: its text, line ends as they are; empty when it could not be read.
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
        text = raw.decode("utf-8")
    except OSError as error:
        return _failed(path, "", error.strerror or str(error))
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        message = f"byte {error.object[error.start]:#04x} is no UTF-8"
        return _failed(path, "", message, line)
    except _NotASpec as error:
        return _failed(path, "", str(error))
    text = text.removeprefix("\ufeff")
    if "\0" in text:
        return _failed(
            path, "", "there is a NUL byte in it", text.count("\n", 0, text.index("\0")) + 1
        )
    if match := _DEEP_KEY.search(text):
        return _too_deep(path, text, text.count("\n", 0, match.end()) + 1)
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
        return _too_deep(path, text, 0)
    except ValueError as error:  # TOMLDecodeError, and int() of too many digits
        return Document(path, text, findings=(_syntax_finding(path, text, str(error)),))
    if _depth_exceeds(data, DEPTH_LIMIT):
        return _too_deep(path, text, 0)
    return Document(path, text, data)


def _syntax_finding(path: Path, text: str, said: str) -> Finding:
    match = _ERROR_PLACE.search(said)
    message = said[: match.start()] if match else said
    line, column = text.count("\n") + 1, len(text) - text.rfind("\n")
    if match and match[1]:
        line, column = int(match[1]), int(match[2])
    elif not match:
        line = column = 0
    elif not text.rpartition("\n")[2] and line > 1:
        line, column = line - 1, len(text.split("\n")[-2].rstrip("\r")) + 1
    return Finding(path, line, column, "CAP002", message[:1].lower() + message[1:])


def _depth_exceeds(data: Mapping[str, Any], limit: int) -> bool:
    level: list[Any] = [data]
    for _ in range(limit):
        level = [
            child
            for item in level
            for child in (item.values() if isinstance(item, dict) else item)
            if isinstance(child, (dict, list))
        ]
        if not level:
            return False
    return True


def _too_deep(path: Path, text: str, line: int) -> Document:
    message = f"tables and lists are nested deeper than {DEPTH_LIMIT} levels"
    return Document(path, text, findings=(Finding(path, line, 0, "CAP013", message),))


def _failed(path: Path, text: str, message: str, line: int = 0) -> Document:
    finding = Finding(path, line, 0, "CAP001", f"the spec cannot be read: {message}")
    return Document(path, text, findings=(finding,))
