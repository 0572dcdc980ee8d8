"""What an experiment writes down: what it does, what it sees, and what contradicts its claim."""

from __future__ import annotations

from typing import Literal

from pipeline.lean_dataclasses import dataclass, field


@dataclass(frozen=True)
class ExperimentStep:
    """One thing that was done or seen.

    Attributes:
        kind: `do`, or `see` for an observation that could contradict the claim.
        expected: what the claim says must be seen; empty for `do`.
        found: what was seen; empty for `do`.
    """

    kind: Literal["do", "see"]
    text: str
    expected: str = ""
    found: str = ""

    @property
    def contradicts(self) -> bool:
        """Whether what was seen is not what the claim says."""
        return self.expected != self.found


class Refuted(Exception):
    """Something was seen that the claim rules out."""


class Inconclusive(Exception):
    """This host or this spec cannot show the claim; the text says why."""


@dataclass
class Notebook:
    """What an experiment writes down while it goes on."""

    steps: list[ExperimentStep] = field(default_factory=list)

    def do(self, text: str) -> None:
        """Write down what is done next."""
        self.steps.append(ExperimentStep("do", text))

    def see(self, text: str, *, expected: object, found: object) -> None:
        """Write down what was seen.

        Raises:
            Refuted: it is not what the claim says.
        """
        step = ExperimentStep("see", text, str(expected), str(found))
        self.steps.append(step)
        if step.contradicts:
            raise Refuted(f"{text}: expected {expected}, found {found}")
