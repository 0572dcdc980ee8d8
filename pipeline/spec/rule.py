"""What a rule is that a finding can name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pipeline.lean_dataclasses import dataclass
from pipeline.output.findings.finding import Severity


@dataclass(frozen=True)
class Rule:
    """One thing that is looked for.

    Attributes:
        id: stable, such as `CAP221`.
        name: short and readable, such as `copy-to-missing-folder`.
        severity: how heavy a finding of it is, unless the spec's `[x-lint]` says otherwise.
        why: one or two sentences: what goes wrong for whom when it is not followed.
    """

    id: str
    name: str
    severity: Severity
    why: str


def by_id(rules: Iterable[Rule]) -> Mapping[str, Rule]:
    """The rules by their ids.

    Raises:
        ValueError: two rules have the same id or name.
    """
    table: dict[str, Rule] = {}
    names: set[str] = set()
    for rule in rules:
        if rule.id in table or rule.name in names:
            raise ValueError(f"two rules are called {rule.id} or {rule.name}")
        table[rule.id] = rule
        names.add(rule.name)
    return table
