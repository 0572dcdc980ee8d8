"""The one exit: what a text of other people could do to a terminal or a CI's log ends here.

Everything that the program says leaves through standard output and standard error, and both are
replaced by a `FilteredOutput` before anything is said. It writes what is hidden as an escape; our
own colours pass, since they carry a mark that is made anew for each process and that no text from
elsewhere can know. Where a CI reads commands out of lines, no line of a text is one, unless the
program itself says so.

What a container writes is handed on as it is in two places only (docs/security.md): `exec`, whose
program writes to our own output, and `logs` into a pipe or a file.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterable, Mapping
from typing import Any, TextIO, cast

from pipeline.lean_re import lazy_pattern
from pipeline.output.sanitize import escaped

ESCAPE = "\x1b"
_MARK = "".join(chr(0x100000 + byte) for byte in os.urandom(12))
"""Stands for ESC in our own texts: private characters (plane 16) that only this process knows."""
_ANYWHERE = lazy_pattern(r"##(?:vso|teamcity)?\[")
"""Commands anywhere in a line: of the runners of GitHub (actions/runner, ActionCommand.cs), of
Azure Pipelines and of TeamCity."""


class FilteredOutput:
    """A stream of ours to the outside. What it is not asked here, the stream below answers.

    Args:
        stream: where the text goes.
        guarded: whether lines that a CI would carry out are made harmless.
    """

    def __init__(self, stream: TextIO, *, guarded: bool) -> None:
        self.inner = stream
        self.mark = _MARK
        self.guarded = guarded
        self._begun = ""

    def __getattr__(self, name: str) -> Any:
        """What the stream below has."""
        return getattr(self.inner, name)

    def write(self, text: str) -> int:
        """Write a text that may come from anywhere."""
        shown = escaped(text)
        if self.guarded:
            shown = self._harmless(shown)
        self.inner.write(shown.replace(_MARK, ESCAPE))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write several."""
        for line in lines:
            self.write(line)

    def write_commands(self, text: str) -> None:
        """Write lines that a CI shall carry out: their values are escaped already."""
        self.inner.write(_ANYWHERE.sub(lambda m: f"#\\u0023{m[0][2:]}", escaped(text)))
        self._begun = ""

    def _harmless(self, text: str) -> str:
        """The text with no line that is a command, whatever was written before it."""
        *ended, last = text.split("\n")
        shown = []
        for line in ended:
            shown.append(self._rest_of_line(line))
            self._begun = ""
        shown.append(self._rest_of_line(last))
        return "\n".join(shown)

    def _rest_of_line(self, text: str) -> str:
        """A line, or what follows what was already written of it."""
        begun, whole = self._begun, self._begun + text
        content = whole.lstrip()
        self._begun = whole if content in ("", ":") else f"…{whole[-12:]}"
        # A sign of each that is not written yet: the part that stands there does nothing alone.
        ends = [
            max(m.start() + 1, len(begun))
            for m in _ANYWHERE.finditer(whole)
            if m.end() > len(begun)
        ]
        colon = len(whole) - len(content) + 1
        if content.startswith("::") and colon >= len(begun):
            ends.append(colon)
        for end in sorted({*ends}, reverse=True):
            at = end - len(begun)
            text = f"{text[:at]}\\u{ord(text[at]):04x}{text[at + 1 :]}"
        return text


def guard_outputs(environ: Mapping[str, str] = os.environ) -> None:
    """Let nothing leave but through an outlet, from now on."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is not None and not isinstance(stream, FilteredOutput):
            guarded = _reads_commands(environ) and not _is_file(stream)
            setattr(sys, name, cast("TextIO", FilteredOutput(stream, guarded=guarded)))


def inner(stream: TextIO) -> TextIO:
    """The stream below an outlet: for what is handed on as it is, and for what sets streams up."""
    return stream.inner if isinstance(stream, FilteredOutput) else stream


def escape_for(stream: TextIO) -> str:
    """What begins our own sequences on a stream."""
    return stream.mark if isinstance(stream, FilteredOutput) else ESCAPE


def write_commands(text: str) -> None:
    """Write lines to standard output that a CI shall carry out."""
    if isinstance(sys.stdout, FilteredOutput):
        sys.stdout.write_commands(text)
    else:
        sys.stdout.write(text)


def for_people(stream: TextIO, environ: Mapping[str, str] = os.environ) -> bool:
    """Whether a stream ends in a terminal or in a CI's log, and not in a file or a program."""
    in_ci = bool(environ.get("CI")) or _reads_commands(environ)
    return stream.isatty() or (in_ci and not _is_file(stream))


def _reads_commands(environ: Mapping[str, str]) -> bool:
    return any(environ.get(name) for name in ("GITHUB_ACTIONS", "TF_BUILD", "TEAMCITY_VERSION"))


def _is_file(stream: TextIO) -> bool:
    """Whether a stream goes into a file, which no CI reads as a log."""
    try:
        return stat.S_ISREG(os.fstat(stream.fileno()).st_mode)
    except (OSError, ValueError):
        return False
