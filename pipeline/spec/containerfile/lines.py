"""From a file's lines to logical lines: directives, comments, continuations.

Facts from openshift/imagebuilder 1.2.3 (`parser.go`). A comment is a line whose first character
that is no white space is `#`; comments and blank lines inside a continued instruction are passed
over. Only Buildah from 1.33 on knows heredocs; their lines are taken by the caller.
"""

from __future__ import annotations

import re
from pathlib import Path

from pipeline.lean_dataclasses import dataclass, field
from pipeline.lean_re import lazy_pattern
from pipeline.output.findings.finding import Finding
from pipeline.spec.containerfile.model import Comment, Piece
from pipeline.spec.containerfile.words import SPACES
from pipeline.spec.rules import finding

LONGEST_LINE = 65_535
"""Bytes in a line. Buildah 1.28 reads lines with a buffer of 64 KiB, and stops reading the file at
a longer one without a word; later versions have 2 MiB and an error."""

_ESCAPE = lazy_pattern(r"^#[ \t]*escape[ \t]*=[ \t]*(.)")
CONTINUED = {"\\": re.compile(r"\\[ \t]*$"), "`": re.compile(r"`[ \t]*$")}


@dataclass(frozen=True)
class LogicalLine:
    """The text of one instruction, and where its parts stand."""

    text: str
    pieces: tuple[Piece, ...]
    end_line: int


@dataclass
class Lines:
    """Hands out logical lines, from the first to the last.

    Attributes:
        number: of the line read last; 0 before the first.
    """

    path: Path
    lines: list[str]
    number: int = 0
    escape: str = "\\"
    comments: list[Comment] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    _directives_end: int = 0
    _seen_instruction: bool = False

    @classmethod
    def of(cls, text: str, path: Path) -> Lines:
        """The lines of a file's text, its byte order mark taken away."""
        lines = text.removeprefix("\ufeff").split("\n")
        if lines[-1] == "":
            lines.pop()
        made = cls(path, [line.removesuffix("\r") for line in lines])
        made._measure()
        made._read_directives()
        return made

    def take(self) -> str | None:
        """The next line as it stands, or None at the end."""
        if self.number == len(self.lines):
            return None
        self.number += 1
        return self.lines[self.number - 1]

    def next_logical(self) -> LogicalLine | None:
        """The next instruction's text, or None at the end."""
        while (line := self.take()) is not None:
            stripped = line.lstrip(SPACES)
            if stripped.startswith("#"):
                self._comment(line)
            elif stripped:
                return self._continued(stripped, len(line) - len(stripped) + 1)
        return None

    def _continued(self, first: str, column: int) -> LogicalLine:
        self._seen_instruction = True
        ending = CONTINUED[self.escape]
        parts: list[str] = []
        pieces: list[Piece] = []
        offset, line, blank = 0, first, 0
        while True:
            end = ending.search(line)
            parts.append(line[: end.start()] if end else line)
            pieces.append(Piece(offset, self.number, column))
            offset += len(parts[-1])
            if end is None:
                break
            following, skipped = self._next_part()
            blank = blank or skipped
            if following is None:
                break
            line, column = following, 1
        if blank:
            self._report("CAP234", blank, 1, "an empty line inside a continued instruction")
        return LogicalLine("".join(parts), tuple(pieces), self.number)

    def _next_part(self) -> tuple[str | None, int]:
        blank = 0
        while (line := self.take()) is not None:
            stripped = line.lstrip(SPACES)
            if stripped.startswith("#"):
                self._comment(line)
            elif stripped:
                return line, blank
            else:
                blank = blank or self.number
        return None, blank

    def _comment(self, line: str) -> None:
        stripped = line.lstrip(SPACES)
        self.comments.append(Comment(self.number, len(line) - len(stripped) + 1, stripped))
        # Below an instruction it is plainly a comment; above, somebody meant it.
        late = not self._seen_instruction and self.number > self._directives_end
        if late and _ESCAPE.match(stripped.lower()):
            self._report(
                "CAP237",
                self.number,
                1,
                "this escape directive is read as a comment",
                "make it the first line of the file",
            )

    def _read_directives(self) -> None:
        seen = False
        for number, line in enumerate(self.lines, 1):
            match = _ESCAPE.match(line.lstrip(SPACES).lower())
            if match is None:
                break
            self._directives_end = number
            char = match[1]
            if seen:
                self._report("CAP201", number, 1, "a second escape directive", "keep one")
            elif char not in CONTINUED:
                column = line.lower().find(char, line.find("=")) + 1
                self._report(
                    "CAP201", number, column, f"{char!r} is not an escape character", "use \\ or `"
                )
            else:
                self.escape = char
            seen = True

    def _measure(self) -> None:
        for number, line in enumerate(self.lines, 1):
            if len(line) * 4 > LONGEST_LINE and len(line.encode()) > LONGEST_LINE:
                self._report(
                    "CAP201",
                    number,
                    0,
                    f"a line of more than {LONGEST_LINE} bytes: Buildah 1.28 leaves out the rest "
                    "of the file from here on",
                    "break it with a continuation, or put the content into a file",
                )
                return

    def _report(self, rule: str, line: int, column: int, message: str, hint: str = "") -> None:
        self.findings.append(finding(rule, self.path, line, column, message, hint=hint))
