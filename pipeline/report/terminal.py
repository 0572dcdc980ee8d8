"""What a person reads: results on standard output, progress and messages on standard error.

`NO_COLOR` and pipes turn the colours off (rich follows both). rich costs 40 ms, so it is
imported only when something is said with it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING

from pipeline.report.called import as_called
from pipeline.report.finding import Finding

if TYPE_CHECKING:
    from rich.console import Console


@lru_cache(maxsize=1)
def results() -> Console:
    """Where results go: standard output."""
    from rich.console import Console  # noqa: PLC0415 (see above)

    return Console(highlight=False, soft_wrap=True)


@lru_cache(maxsize=1)
def messages() -> Console:
    """Where progress and messages go: standard error."""
    from rich.console import Console  # noqa: PLC0415 (see above)

    return Console(stderr=True, highlight=False, soft_wrap=True)


def tell_error(brief: str, details: str = "", resolution: str = "") -> None:
    """An error in its three parts: what, where or why, what to do now."""
    from rich.text import Text  # noqa: PLC0415 (see above)

    console = messages()
    console.print(Text.assemble(("error: ", "bold red"), (brief, "bold")))
    for line in details.splitlines():
        console.print(Text(f"  {line}"))
    if resolution:
        console.print(Text.assemble(("  → ", "bold cyan"), as_called(resolution)))


def tell_findings(findings: Iterable[Finding]) -> None:
    """Findings, each with the line that it speaks of."""
    from pipeline.report.findings_text import findings_text, lines_of_file  # noqa: PLC0415
    from pipeline.report.paint import Paint, colours_wanted  # noqa: PLC0415

    paint = Paint(colours_wanted(sys.stderr))
    sys.stderr.write(findings_text(findings, lines_of_file, paint))


def tell_interrupted() -> None:
    """After Ctrl-C."""
    from rich.text import Text  # noqa: PLC0415 (see above)

    messages().print(Text("interrupted: the next command goes on from here", "bold yellow"))


def tell_note(text: str) -> None:
    """Something worth knowing that is no error."""
    from rich.text import Text  # noqa: PLC0415 (see above)

    messages().print(Text.assemble(("note: ", "bold cyan"), as_called(text)))
