"""A check: what was found about one thing, and what can be done about it by whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rich.text import Text

from pipeline.report.terminal import messages, results

State = Literal["ok", "limited", "cannot"]

_MARK: dict[State, tuple[str, str]] = {
    "ok": ("ok     ", "green"),
    "limited": ("limited", "yellow"),
    "cannot": ("cannot ", "bold red"),
}


@dataclass(frozen=True)
class Check:
    """What was found about one thing.

    Attributes:
        subject: a stable word for it.
        state: `ok`, `limited` (works, but not all of it) or `cannot`.
        sentence: what was found, for a person.
        choice: the effective setting, where there is one to choose.
        fix: what the user can do; empty when there is nothing to do, or not for them.
        ask: the one line to send to the administrator; empty likewise.
        essential: whether nothing else works without it.
    """

    subject: str
    state: State
    sentence: str
    choice: str = ""
    fix: str = ""
    ask: str = ""
    essential: bool = False

    @property
    def stops(self) -> bool:
        """Whether the main job cannot be done because of this."""
        return self.essential and self.state == "cannot"


def render_checks(checks: Sequence[Check]) -> None:
    """The checks as a list for a person, on standard output."""
    width = max((len(check.subject) for check in checks), default=0)
    console = results()
    margin = " " * (9 + width + 2)
    for check in checks:
        mark, style = _MARK[check.state]
        line = Text.assemble((mark, style), "  ", (check.subject.ljust(width), "bold"), "  ")
        line.append(check.sentence)
        if check.choice:
            line.append(f"  [{check.choice}]", "dim")
        console.print(line)
        if check.fix:
            console.print(Text.assemble(margin, ("you can: ", "cyan"), check.fix))
        if check.ask:
            console.print(Text.assemble(margin, ("ask the administrator: ", "cyan"), check.ask))


def tell_verdict(reasons: Sequence[str]) -> None:
    """Whether this host can build and run containers; why not, when it cannot."""
    if reasons:
        messages().print(Text(f"This host cannot do it: {'; '.join(reasons)}", "bold red"))
    else:
        messages().print(Text("This host can build and run containers.", "bold green"))
