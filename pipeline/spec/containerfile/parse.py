"""From a Containerfile's text to its instructions and stages.

What Buildah's parser would refuse becomes a finding, and reading goes on.
"""

from __future__ import annotations

from pathlib import Path

from pipeline.lean_dataclasses import replace
from pipeline.output.findings.finding import Finding
from pipeline.spec.containerfile.heredoc import announced
from pipeline.spec.containerfile.lines import Lines, LogicalLine
from pipeline.spec.containerfile.model import Containerfile, Heredoc, Instruction, Stage, Word
from pipeline.spec.containerfile.words import (
    NotStrings,
    Span,
    json_list,
    split_blanks,
    split_keyword,
    split_words,
    take_flags,
)
from pipeline.spec.rules import finding

_JSON_OR_TEXT = frozenset({"CMD", "ENTRYPOINT", "RUN", "SHELL"})
_JSON_OR_LIST = frozenset({"ADD", "COPY", "VOLUME"})
_PAIRS = frozenset({"ENV", "LABEL"})
_LISTS = frozenset({"EXPOSE", "FROM"})
_TEXTS = frozenset({"MAINTAINER", "STOPSIGNAL", "USER", "WORKDIR"})
_OTHERS = frozenset({"ARG", "HEALTHCHECK", "ONBUILD"})

KEYWORDS = _JSON_OR_TEXT | _JSON_OR_LIST | _PAIRS | _LISTS | _TEXTS | _OTHERS
"""Every instruction that Buildah knows."""


class _Unparsable(Exception):
    """What Buildah's parser says no to, and where in the instruction's text."""

    def __init__(self, message: str, offset: int, hint: str = "") -> None:
        super().__init__(message)
        self.message, self.offset, self.hint = message, offset, hint


def parse(text: str, path: Path) -> Containerfile:
    """The Containerfile that `text` is; `path` is the name that its findings have."""
    return _Parser(Lines.of(text, path)).containerfile()


class _Parser:
    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self._findings: list[Finding] = lines.findings
        self._global_args: list[Instruction] = []
        self._stages: list[Stage] = []
        self._current: list[Instruction] = []

    def containerfile(self) -> Containerfile:
        while (line := self._lines.next_logical()) is not None:
            self._place(self._heredocs(self._instruction(line)))
        self._close_stage()
        if not self._stages and not self._findings:
            self._report("CAP203", 0, 0, "no FROM", "begin with FROM and the image to build on")
        return Containerfile(
            self._lines.path,
            tuple(self._global_args),
            tuple(self._stages),
            tuple(self._lines.comments),
            self._lines.escape,
            tuple(sorted(self._findings)),
        )

    def _instruction(self, line: LogicalLine) -> Instruction:
        bare = Instruction("", line.text, line.pieces[0].line, line.end_line, line.pieces)
        return self._cut(bare, Span(line.text, 0, len(line.text)))

    def _cut(self, bare: Instruction, span: Span, *, inside: bool = False) -> Instruction:
        """`bare` with its keyword, flags and words, read from `span` of its text."""
        keyword, rest = split_keyword(span)
        flags, rest = take_flags(rest)
        cut = replace(bare, keyword=keyword.text.upper(), offset=keyword.start, flags=flags)
        try:
            # An ONBUILD inside an ONBUILD is refused whatever it holds: it is not looked into.
            if cut.keyword == "ONBUILD" and rest and not inside:
                return replace(cut, trigger=self._cut(bare, rest, inside=True))
            words, is_json = _arguments(cut.keyword, rest, self._lines.escape)
            return replace(cut, words=words, json=is_json)
        except _Unparsable as refused:
            line, column = bare.place(refused.offset)
            self._report("CAP201", line, column, refused.message, refused.hint)
            return cut

    def _heredocs(self, instruction: Instruction) -> Instruction:
        waiting = announced(instruction)
        if not waiting:
            return instruction
        line, column = instruction.place(waiting[0].start)
        self._report(
            "CAP205",
            line,
            column,
            "heredocs need Buildah 1.33; 1.28 reads the lines below as instructions",
            "use RUN with && and \\, or COPY a file",
        )
        documents: list[Heredoc] = []
        for document in waiting:
            lines: list[str] = []
            while (text := self._lines.take()) is not None and not document.ends(text):
                lines.append(text)
            if text is None:
                line, column = instruction.place(document.start)
                self._report("CAP201", line, column, f"no line ends the heredoc {document.name}")
            documents.append(document.filled(lines))
        return replace(instruction, heredocs=tuple(documents), end_line=self._lines.number)

    def _place(self, instruction: Instruction) -> None:
        if instruction.keyword == "FROM":
            self._close_stage()
            self._stages.append(_stage(len(self._stages), instruction))
        elif self._stages:
            self._current.append(instruction)
        elif instruction.keyword == "ARG":
            self._global_args.append(instruction)
        else:
            line, column = instruction.where
            message = f"{instruction.keyword} stands before the first FROM"
            self._report("CAP203", line, column, message, "only ARG may stand there")

    def _close_stage(self) -> None:
        if self._stages:
            self._stages[-1] = replace(self._stages[-1], instructions=tuple(self._current))
            self._current = []

    def _report(self, rule: str, line: int, column: int, message: str, hint: str = "") -> None:
        self._findings.append(finding(rule, self._lines.path, line, column, message, hint=hint))


def _stage(index: int, origin: Instruction) -> Stage:
    words = origin.arguments
    named = len(words) > 2 and words[1].lower() == "as" and words[2]
    name = words[2] if named else str(index)
    return Stage(index, name, words[0] if words else "", origin.flag("platform"), origin)


def _arguments(keyword: str, rest: Span, escape: str) -> tuple[tuple[Word, ...], bool]:
    """The words of an instruction, and whether it has the JSON form."""
    if not rest or keyword not in KEYWORDS:
        return (), False
    if keyword == "HEALTHCHECK":
        kind, command = split_keyword(rest)
        words, is_json = _arguments("CMD", command, escape)
        return (kind, *words), is_json
    if keyword in _JSON_OR_TEXT | _JSON_OR_LIST and (items := _json(rest)) is not None:
        return items, True
    if keyword in _PAIRS:
        return _pairs(keyword, rest, escape), False
    if keyword in _JSON_OR_LIST | _LISTS:
        return split_blanks(rest), False
    return (split_words(rest, escape) if keyword == "ARG" else (rest.whole(),)), False


def _json(span: Span) -> tuple[Word, ...] | None:
    try:
        return json_list(span)
    except NotStrings:
        hint = "put quotes around each item"
        raise _Unparsable("a JSON list with something else than texts", span.start, hint) from None


def _pairs(keyword: str, rest: Span, escape: str) -> tuple[Word, ...]:
    words = split_words(rest, escape)
    if words and "=" not in words[0].text:
        name, value = split_keyword(rest)
        if not value:
            raise _Unparsable(f"{keyword} {name.text} has no value", name.start, "write NAME=value")
        return name, value.whole()
    pairs: list[Word] = []
    for word in words:
        name_text, equals, value_text = word.text.partition("=")
        if not equals:
            hint = "write NAME=value, with quotes around a value with spaces"
            raise _Unparsable(f"{word.text} is not NAME=value", word.start, hint)
        middle = word.start + len(name_text)
        pairs += Word(name_text, word.start, middle), Word(value_text, middle + 1, word.end)
    return tuple(pairs)
