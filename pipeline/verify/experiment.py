"""An experiment as a value: a claim, what is done, what is seen, and whether the claim held."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from pipeline.lean_dataclasses import dataclass
from pipeline.verify.lab import Lab
from pipeline.verify.notebook import ExperimentStep

Verdict = Literal["held", "refuted", "untried", "failed"]
"""`untried`: this host or this spec cannot show it. `failed`: the experiment itself broke."""


@dataclass(frozen=True)
class Claim:
    """What an experiment could refute.

    Attributes:
        name: as `--only` takes it.
        claim: the sentence, as the documentation or the spec says it.
    """

    name: str
    title: str
    claim: str


@dataclass(frozen=True)
class Experiment(Claim):
    """One claim about containers and the procedure that can refute it.

    Attributes:
        body: the procedure; it tells the lab's notebook what it does and sees.
    """

    body: Callable[[Lab], None]


@dataclass(frozen=True)
class ExperimentResult:
    """What became of one experiment.

    Attributes:
        reason: why it was refuted, could not be tried, or broke; empty when it held.
        seconds: how long it took.
    """

    experiment: Claim
    verdict: Verdict
    steps: tuple[ExperimentStep, ...]
    reason: str = ""
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        """Whether nothing speaks against the claim."""
        return self.verdict in ("held", "untried")
