"""What an image's history says about the instruction behind each layer.

Builders write it down in their own ways: `/bin/sh -c #(nop) COPY file:HASH in /app/` (Buildah,
classic Docker), `COPY . /app # buildkit`, `|1 COLOUR=blue /bin/sh -c make` (with build arguments).
What Buildah adds behind them from 1.41 on is known to `engine.generation`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipeline.engine.generation import plain
from pipeline.lean_dataclasses import dataclass
from pipeline.lean_re import lazy_pattern

SQUASHED = "squashed:"
"""Stands in a keyword's place before several instructions that made one layer."""

_NOP = lazy_pattern(r"^/bin/\S*sh -c #\(nop\)\s+")
_SHELL = lazy_pattern(r"^(?:\|\d+ .*? )?(?:RUN )?/bin/\S*sh -c ")
_COPIED = lazy_pattern(r"^(?P<flags>(?:--\S+ )*)(?:file|dir|multi):[0-9a-f]+ in (?P<target>.*)$")
_KEYWORD = lazy_pattern(r"^(?P<keyword>[A-Z]+)\s+(?P<rest>.*)$", re.DOTALL)
_FROM = lazy_pattern(r"^FROM (?P<name>\S+)$")
_INTERMEDIATE = lazy_pattern(r"[0-9a-f]{12,64}|\S*/[0-9a-f]{64}-tmp:latest")


@dataclass(frozen=True, order=True)
class HistoryInstruction:
    """An instruction without what depends on file contents, so that equal ones are equal.

    Attributes:
        keyword: `RUN`, `COPY`, …; empty when the history does not say.
        text: what follows; of COPY and ADD the target only, when the builder wrote no more.
    """

    keyword: str
    text: str

    def __str__(self) -> str:
        return f"{self.keyword} {self.text}".strip() or "(the history does not say)"


def parse_created_by(created_by: str) -> HistoryInstruction:
    """The instruction behind one history entry."""
    text = plain(created_by).removesuffix("# buildkit").strip()
    if nop := _NOP.match(text):
        return _instruction(text[nop.end() :].strip())
    if shell := _SHELL.match(text):
        return HistoryInstruction("RUN", text[shell.end() :].strip())
    return _instruction(text)


def merged(instructions: Sequence[HistoryInstruction]) -> HistoryInstruction:
    """What several instructions are as one layer."""
    return HistoryInstruction(SQUASHED, "; ".join(str(one) for one in instructions if one.keyword))


def base_name(comment: str) -> str | None:
    """The base's name, when the comment says that the step stands directly on a named image.

    Buildah notes `FROM localhost/base:1` on the first step above a base, and an intermediate
    image on the others: `FROM 1a2b3c4d5e6f`, or its temporary name when another build made it.
    """
    found = _FROM.match(comment.strip())
    if not found or _INTERMEDIATE.fullmatch(found["name"]):
        return None
    return found["name"]


def _instruction(text: str) -> HistoryInstruction:
    found = _KEYWORD.match(text)
    if not found:
        return HistoryInstruction("", text)
    keyword, rest = found["keyword"], found["rest"].strip()
    if keyword in ("COPY", "ADD") and (copied := _COPIED.match(rest)):
        rest = f"{copied['flags']}… {copied['target'].strip()}"
    return HistoryInstruction(keyword, rest)
