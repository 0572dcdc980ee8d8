"""A check: what was found about one thing, and what can be done about it by whom."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Literal

from pipeline.lean_dataclasses import dataclass
from pipeline.output.paint import paint_for
from pipeline.output.terminal import HINT, print_sentence

State = Literal["ok", "limited", "cannot"]

_MARK: dict[State, tuple[str, str]] = {
    "ok": ("ok     ", "32"),
    "limited": ("limited", "33"),
    "cannot": ("cannot ", "1;31"),
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
    paint = paint_for(sys.stdout)
    margin = " " * (9 + width + 2)
    for check in checks:
        mark, code = _MARK[check.state]
        line = f"{paint.code(mark, code)}  {paint.bold(check.subject.ljust(width))}  "
        line += check.sentence
        if check.choice:
            line += paint.tone(f"  [{check.choice}]", "quiet")
        lines = [line]
        if check.fix:
            lines.append(f"{margin}{paint.code('you can: ', HINT)}{check.fix}")
        if check.ask:
            lines.append(f"{margin}{paint.code('ask the administrator: ', HINT)}{check.ask}")
        sys.stdout.write("".join(f"{line}\n" for line in lines))


def print_verdict(reasons: Sequence[str]) -> None:
    """Whether this host can build and run containers; why not, when it cannot."""
    if reasons:
        print_sentence(f"This host cannot do it: {'; '.join(reasons)}", good=False)
    else:
        print_sentence("This host can build and run containers.", good=True)
