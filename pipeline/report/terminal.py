"""What a person reads: results on standard output, progress and messages on standard error.

`NO_COLOR` and pipes turn the colours off. No library for the colours: an error costs hardly more
than starting Python; only the live view of progress needs one.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable

from pipeline.report.called import as_called
from pipeline.report.finding import Finding
from pipeline.report.paint import paint_for

BAD, WARNING, HINT = "1;31", "1;33", "1;36"
"""Bold red, yellow and cyan (ECMA-48, SGR)."""


def tell_error(brief: str, details: str = "", resolution: str = "") -> None:
    """An error in its three parts: what, where or why, what to do now."""
    paint = paint_for(sys.stderr)
    lines = [f"{paint.code('error: ', BAD)}{paint.bold(brief)}"]
    lines += [f"  {line}" for line in details.splitlines()]
    if resolution:
        lines.append(f"{paint.code('  → ', HINT)}{as_called(resolution)}")
    _tell(lines)


def tell_findings(findings: Iterable[Finding]) -> None:
    """Findings, each with the line that it speaks of."""
    from pipeline.report.findings_text import findings_text, lines_of_file  # noqa: PLC0415

    sys.stderr.write(findings_text(findings, lines_of_file, paint_for(sys.stderr)))


def tell_interrupted() -> None:
    """After Ctrl-C."""
    paint = paint_for(sys.stderr)
    _tell([paint.code("interrupted: the next command goes on from here", WARNING)])


def tell_note(text: str) -> None:
    """Something worth knowing that is no error."""
    paint = paint_for(sys.stderr)
    _tell([f"{paint.code('note: ', HINT)}{as_called(text)}"])


def tell_sentence(text: str, *, good: bool) -> None:
    """The one sentence that a command ends with."""
    paint = paint_for(sys.stderr)
    _tell([paint.code(text, "1;32" if good else BAD)])


def _tell(lines: Iterable[str]) -> None:
    sys.stderr.write("".join(f"{line}\n" for line in lines))
    sys.stderr.flush()
