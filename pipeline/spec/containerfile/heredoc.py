"""Heredocs: which ones an instruction announces, and their lines.

Facts from openshift/imagebuilder 1.2.15, which follows BuildKit's parser: ADD, COPY and RUN may
have them (also behind ONBUILD), not in the JSON form; a word of the form `N<<-NAME` announces one.
"""

from __future__ import annotations

import re

from pipeline.lean_dataclasses import dataclass
from pipeline.lean_re import lazy_pattern
from pipeline.spec.containerfile.model import FILE_INSTRUCTIONS, Heredoc, Instruction
from pipeline.spec.containerfile.words import Span, split_words

_ANNOUNCED = lazy_pattern(r"(\d*)<<(-?)([^<]+)\Z", re.ASCII | re.DOTALL)
_QUOTE = lazy_pattern(r"""'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)""", re.DOTALL)


@dataclass(frozen=True)
class Announced:
    """A heredoc whose lines are not read yet; `start` is its place in the instruction's text."""

    name: str
    expand: bool
    chomp: bool
    descriptor: int
    start: int

    def ends(self, line: str) -> bool:
        """Whether `line` is the one that ends it."""
        line = line.rstrip("\r\n")
        return (line.lstrip("\t") if self.chomp else line) == self.name

    def filled(self, lines: list[str]) -> Heredoc:
        """With its lines."""
        if self.chomp:
            lines = [line.lstrip("\t") for line in lines]
        content = "".join(f"{line}\n" for line in lines)
        return Heredoc(self.name, content, self.expand, self.chomp, self.descriptor)


def announced(instruction: Instruction) -> tuple[Announced, ...]:
    """The heredocs that an instruction announces, in their order."""
    carrier = instruction.trigger or instruction
    if carrier.keyword not in FILE_INSTRUCTIONS or carrier.json or "<<" not in instruction.text:
        return ()
    span = Span(instruction.text, 0, len(instruction.text))
    found = []
    for word in split_words(span, "\\"):
        if match := _ANNOUNCED.match(word.text):
            name = _QUOTE.sub(lambda quoted: quoted[1] or quoted[2] or quoted[3] or "", match[3])
            if name:
                plain = name == match[3]
                # More digits than any descriptor has are no descriptor.
                descriptor = int(match[1][:9] or 0)
                found.append(Announced(name, plain, bool(match[2]), descriptor, word.start))
    return tuple(found)
