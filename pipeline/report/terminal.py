"""What a person reads: results on standard output, progress and messages on standard error.

`NO_COLOR` and pipes turn the colours off (rich follows both).
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from rich.console import Console
from rich.text import Text

from pipeline.report.finding import Finding, Severity

_STYLE: dict[Severity, str] = {"error": "bold red", "warning": "bold yellow", "note": "bold cyan"}


@lru_cache(maxsize=1)
def results() -> Console:
    """Where results go: standard output."""
    return Console(highlight=False, soft_wrap=True)


@lru_cache(maxsize=1)
def messages() -> Console:
    """Where progress and messages go: standard error."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


def tell_error(brief: str, details: str = "", resolution: str = "") -> None:
    """An error in its three parts: what, where or why, what to do now."""
    console = messages()
    console.print(Text.assemble(("error: ", "bold red"), (brief, "bold")))
    for line in details.splitlines():
        console.print(Text(f"  {line}"))
    if resolution:
        console.print(Text.assemble(("  → ", "bold cyan"), resolution))


def tell_findings(findings: Iterable[Finding]) -> None:
    """Findings, a line or two each."""
    console = messages()
    for finding in findings:
        console.print(
            Text.assemble(
                f"{finding.place}: ",
                (f"{finding.severity}: ", _STYLE[finding.severity]),
                (f"{finding.rule}: ", "dim"),
                finding.message,
            )
        )
        if finding.hint:
            console.print(Text.assemble(("  → ", "bold cyan"), finding.hint))


def tell_interrupted() -> None:
    """After Ctrl-C."""
    messages().print(Text("interrupted: the next command goes on from here", "bold yellow"))


def tell_note(text: str) -> None:
    """Something worth knowing that is no error."""
    messages().print(Text.assemble(("note: ", "bold cyan"), text))
