"""A Containerfile as values, as Buildah's parser sees it, with the place of every word."""

from __future__ import annotations

from bisect import bisect_right
from pathlib import Path

from pipeline.lean_dataclasses import dataclass, field
from pipeline.output.findings.finding import Finding

FILE_INSTRUCTIONS = frozenset({"ADD", "COPY", "RUN"})
"""The instructions that can change files, and so make a layer."""


@dataclass(frozen=True)
class Word:
    """A word and where it stands in its instruction's text: `text[start:end]` before unquoting."""

    text: str
    start: int
    end: int


@dataclass(frozen=True)
class Piece:
    """Where a part of an instruction's text comes from.

    Attributes:
        offset: of the part's first character in the text.
        line: 1-based, in the file.
        column: 1-based, in characters.
    """

    offset: int
    line: int
    column: int


@dataclass(frozen=True)
class Heredoc:
    """A document that stands in the lines below an instruction.

    Attributes:
        content: its lines, joined by newlines, the last one ended by one.
        expand: whether variables in it are replaced (its name is not quoted).
        chomp: whether leading tabs are taken away (`<<-`).
        descriptor: the file descriptor it is given to, 0 when none is said.
    """

    name: str
    content: str
    expand: bool
    chomp: bool
    descriptor: int = 0


@dataclass(frozen=True)
class Instruction:
    """One instruction.

    Attributes:
        keyword: in upper case.
        text: continued lines joined, comments left out, as Buildah writes it into the history.
        start_line: where its text begins, 1-based.
        end_line: the last line that belongs to it, heredocs included.
        pieces: where the parts of `text` stand in the file.
        offset: of the keyword in `text`.
        flags: `--name=value` words in front of the arguments, quotes and escapes removed.
        words: the arguments as Buildah's parser cuts them: the items of the JSON form, one word
            for all in the shell form, names and values in turn for ENV and LABEL. Quotes and
            variables are still in them.
        json: whether it has the JSON form.
        heredocs: in the order of their names.
        trigger: the instruction that ONBUILD keeps for later.
    """

    keyword: str
    text: str
    start_line: int
    end_line: int
    pieces: tuple[Piece, ...]
    offset: int = 0
    flags: tuple[Word, ...] = ()
    words: tuple[Word, ...] = ()
    json: bool = False
    heredocs: tuple[Heredoc, ...] = ()
    trigger: Instruction | None = None

    @property
    def arguments(self) -> tuple[str, ...]:
        """The texts of `words`."""
        return tuple(word.text for word in self.words)

    @property
    def where(self) -> tuple[int, int]:
        """The line and column of the keyword."""
        return self.place(self.offset)

    def flag(self, name: str) -> str | None:
        """The value of the last `--name=value`; an empty text for `--name`; None without it."""
        found = None
        for word in self.flags:
            given, _, value = word.text.partition("=")
            if given == f"--{name}":
                found = value
        return found

    def place(self, offset: int) -> tuple[int, int]:
        """The line and column in the file of a character of `text`."""
        index = bisect_right(self.pieces, offset, key=lambda piece: piece.offset) - 1
        piece = self.pieces[max(index, 0)]
        return piece.line, piece.column + offset - piece.offset


@dataclass(frozen=True)
class Stage:
    """A FROM and the instructions below it.

    Attributes:
        index: 0 for the first.
        name: after `AS`, else the index as text.
        base: what FROM names, variables still in it; empty when FROM has no argument.
        platform: of `--platform`, variables still in it; None without the flag.
        origin: the FROM itself.
    """

    index: int
    name: str
    base: str
    platform: str | None
    origin: Instruction
    instructions: tuple[Instruction, ...] = ()


@dataclass(frozen=True)
class Comment:
    """A comment line, `#` included."""

    line: int
    column: int
    text: str


@dataclass(frozen=True)
class Containerfile:
    """A parsed Containerfile.

    Attributes:
        global_args: the ARGs before the first FROM.
        escape: the escape character, a backslash or a backtick.
        findings: what the parser refuses or passes over; sorted.
    """

    path: Path
    global_args: tuple[Instruction, ...] = ()
    stages: tuple[Stage, ...] = ()
    comments: tuple[Comment, ...] = ()
    escape: str = "\\"
    findings: tuple[Finding, ...] = field(default=())

    def stage(self, name: str) -> Stage | None:
        """The stage called `name`; as in Buildah, names come before numbers and the first wins."""
        for stage in self.stages:
            if stage.name == name:
                return stage
        if name.isascii() and name.isdigit() and int(name) < len(self.stages):
            return self.stages[int(name)]
        return None

    @property
    def instructions(self) -> tuple[Instruction, ...]:
        """All instructions of all stages, FROMs included, in the file's order."""
        return tuple(i for stage in self.stages for i in (stage.origin, *stage.instructions))
