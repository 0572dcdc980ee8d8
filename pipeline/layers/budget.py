"""Limits on how much of a new version may be new: `[x-report]` of a spec."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pipeline.layers.compare import Comparison
from pipeline.layers.family import Family
from pipeline.lean_dataclasses import dataclass
from pipeline.output.number_format import show_bytes, show_share
from pipeline.spec.budgets import Budgets

Rule = Literal["max_new_bytes", "min_shared_ratio"]


@dataclass(frozen=True)
class BudgetVerdict:
    """One rule held against one version.

    Attributes:
        limit: bytes, or a ratio from 0 to 1.
        measured: the same unit.
    """

    version: str
    against: str
    rule: Rule
    limit: float
    measured: float
    held: bool

    @property
    def difference(self) -> str:
        """What was measured and what the rule asks for."""
        if self.rule == "max_new_bytes":
            measured, limit = show_bytes(int(self.measured)), show_bytes(int(self.limit))
            return f"{measured} in layers that {self.against} does not have, at most {limit}"
        measured, limit = show_share(self.measured), show_share(self.limit)
        return f"{measured} of its bytes are shared with {self.against}, at least {limit}"


def judge(family: Family, budgets: Budgets) -> tuple[BudgetVerdict, ...]:
    """Every rule that applies, for every version that has a version before it."""
    return tuple(v for one in family.comparisons for v in _verdicts(one, budgets))


def _verdicts(comparison: Comparison, budgets: Budgets) -> Iterator[BudgetVerdict]:
    name, against = comparison.newer.name, comparison.older.name
    own = budgets.versions.get(name, Budgets())
    most = budgets.max_new_bytes if own.max_new_bytes is None else own.max_new_bytes
    if most is not None:
        new = comparison.new_bytes
        yield BudgetVerdict(name, against, "max_new_bytes", most, new, new <= most)
    least = budgets.min_shared_ratio if own.min_shared_ratio is None else own.min_shared_ratio
    if least is not None:
        ratio = comparison.shared_ratio
        yield BudgetVerdict(name, against, "min_shared_ratio", least, ratio, ratio >= least)
