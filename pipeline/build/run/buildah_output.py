"""What Buildah's output says, line by line: the steps, their cache state, and the rest."""

from __future__ import annotations

import re

from pipeline.lean_dataclasses import dataclass
from pipeline.lean_re import lazy_pattern

_STEP = lazy_pattern(r"^(?:\[(\d+)/(\d+)\] )?STEP (\d+)/(\d+): (.*)$", re.DOTALL)
_CACHED = lazy_pattern(r"^--> Using cache ([0-9a-f]{12,64})$")
_MADE = lazy_pattern(
    r"^(?:--> [0-9a-f]{11,64}|(?:\[\d+/\d+\] )?COMMIT( \S+)?|Successfully tagged \S+|[0-9a-f]{64})$"
)


@dataclass(frozen=True)
class OutputStep:
    """An instruction begins. Stages and steps count from 1."""

    number: int
    total: int
    text: str
    stage: int = 1
    stages: int = 1


@dataclass(frozen=True)
class Cached:
    """The instruction's result was in the store already."""

    image: str


@dataclass(frozen=True)
class Stored:
    """Buildah stored or tagged what it made."""


@dataclass(frozen=True)
class OutputLine:
    """Anything else, most of it from programs that RUN started."""

    text: str


def parse_line(line: str) -> OutputStep | Cached | Stored | OutputLine:
    """What one line of `buildah build` means."""
    if found := _STEP.match(line):
        stage, stages, number, total, text = found.groups()
        return OutputStep(int(number), int(total), text, int(stage or 1), int(stages or 1))
    if found := _CACHED.match(line):
        return Cached(found[1])
    if _MADE.match(line):
        return Stored()
    return OutputLine(line)
