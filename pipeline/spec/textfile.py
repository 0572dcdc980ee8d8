"""Small text files that somebody else wrote: read, or told why not, and never waited for."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Literal

SIZE_LIMIT = 1024 * 1024
"""Bytes; a spec of 500 versions and 200 services has about a tenth of it."""


def kind_at(path: Path) -> Literal["file", "folder", "other", ""]:
    """What lies at a path, links followed; nothing when it does not exist or is out of reach.

    `Path.exists` and its like raise PermissionError below a closed folder before Python 3.14.
    """
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return ""
    if stat.S_ISREG(mode):
        return "file"
    return "folder" if stat.S_ISDIR(mode) else "other"


class Unreadable(Exception):
    """A file that is no text of a sensible size.

    Args:
        message: why, continuing the sentence "it cannot be read: …".
        before: the text in front of the place that is to blame, when it is one place.
    """

    def __init__(self, message: str, before: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.before = before


def read_text(path: Path) -> str:
    """The text of a regular file in UTF-8, without a byte order mark, line ends as they are.

    A FIFO or a device is not opened: it could keep us waiting for ever.

    Raises:
        Unreadable: it does not exist, is not a regular file, is too large, is not UTF-8, or has a
            NUL byte.
    """
    try:
        raw = _read_regular(path)
        text = raw.decode("utf-8").removeprefix("\ufeff")
    except OSError as error:
        raise Unreadable(error.strerror or str(error)) from None
    except UnicodeDecodeError as error:
        before = error.object[: error.start].decode("utf-8")
        raise Unreadable(f"byte {error.object[error.start]:#04x} is not UTF-8", before) from None
    except ValueError as error:  # a NUL in the path itself
        raise Unreadable(str(error)) from None
    if "\0" in text:
        raise Unreadable("there is a NUL byte in it", text[: text.index("\0")])
    return text


def _read_regular(path: Path) -> bytes:
    mode = path.stat().st_mode
    if stat.S_ISDIR(mode):
        raise Unreadable("it is a folder, not a file")
    if not stat.S_ISREG(mode):
        raise Unreadable("it is not a regular file")
    with path.open("rb") as file:
        raw = file.read(SIZE_LIMIT + 1)
    if len(raw) > SIZE_LIMIT:
        raise Unreadable(f"it is larger than {SIZE_LIMIT // 1024} KiB")
    return raw
