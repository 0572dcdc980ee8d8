"""Output where the locale's encoding does not have our signs: ISO 8859-1, ASCII.

People get other signs, each one column wide, so that tables stay straight; names of files are
escaped as Python does it. What is for machines is UTF-8 whatever the locale is.
"""

from __future__ import annotations

import codecs
import io
import sys

from pipeline.output.output_filter import inner

_ERRORS = "capas.plain"
_PLAIN = {
    "→": ">",
    "…": "~",
    "✓": "+",
    "✗": "x",
    "█": "#",
    "▓": "+",
    "▒": ":",
    "░": ".",
    "─": "-",
    "│": "|",
    "├": "+",
    "└": "+",
    "·": "-",
}


def say_all_plainly() -> None:
    """Let both outputs write something for every character, from now on."""
    codecs.register_error(_ERRORS, _plain)
    for stream in map(inner, (sys.stdout, sys.stderr)):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=_ERRORS)


def say_in_utf8() -> None:
    """Let standard output be UTF-8, from now on."""
    codecs.register_error(_ERRORS, _plain)
    stream = inner(sys.stdout)
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(encoding="utf-8", errors=_ERRORS)


def _plain(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end]
    escaped = (
        _PLAIN.get(sign) or sign.encode("ascii", "backslashreplace").decode() for sign in text
    )
    return "".join(escaped), error.end
