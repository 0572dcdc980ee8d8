"""An experiment as a value: a claim, what is done, what is seen, and whether the claim held."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pipeline.verify.lab import Lab

Verdict = Literal["held", "refuted", "untried", "failed"]
"""`untried`: this host or this spec cannot show it. `failed`: the experiment itself broke."""


@dataclass(frozen=True)
class Experiment:
    """One claim about containers and the procedure that can refute it.

    Attributes:
        name: as `--only` takes it.
        claim: the sentence, as the documentation says it.
        body: the procedure; it tells the lab's notebook what it does and sees.
    """

    name: str
    title: str
    claim: str
    body: Callable[[Lab], None]


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


@dataclass(frozen=True)
class ExperimentResult:
    """What became of one experiment.

    Attributes:
        reason: why it was refuted, could not be tried, or broke; empty when it held.
        seconds: how long it took.
    """

    experiment: Experiment
    verdict: Verdict
    steps: tuple[ExperimentStep, ...]
    reason: str = ""
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        """Whether nothing speaks against the claim."""
        return self.verdict in ("held", "untried")


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
