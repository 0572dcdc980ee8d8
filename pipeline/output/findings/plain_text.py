"""Findings as text: where, what, the line itself with a caret, and what to do.

    specs/app.toml:7:9: CAP101: error: no image `pytwets` in this spec
        7 | image = "pytwets"
          |         ^^^^^^^^^
          = did you mean `pytweets`?

No library for the colours: `validate` shall cost hardly more than starting Python.
"""

from __future__ import annotations

import stat
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path

from pipeline.output.document import Tone
from pipeline.output.findings.finding import Finding, Severity
from pipeline.output.paint import Paint
from pipeline.output.sanitize import escape_of

WIDTH = 100
"""Characters of a source line that are shown; a longer line is cut around the place."""
_LARGEST = 1024 * 1024
"""Bytes of a file of which lines are shown."""

_TONES: dict[Severity, Tone] = {"error": "bad", "warning": "warning", "note": "quiet"}

Lines = Callable[[Path], Sequence[str]]


def findings_text(findings: Iterable[Finding], lines: Lines, paint: Paint) -> str:
    """All findings, each with its excerpt.

    Args:
        findings: in the order in which they are shown.
        lines: gives a file's lines, or nothing for a file that cannot be shown.
        paint: with colours or without.
    """
    return "".join(f"{line}\n" for finding in findings for line in _finding(finding, lines, paint))


def _finding(finding: Finding, lines: Lines, paint: Paint) -> Iterator[str]:
    tone = _TONES[finding.severity]
    place, severity = paint.bold(visible(finding.place)), paint.tone(finding.severity, tone)
    yield f"{place}: {finding.rule}: {severity}: {visible(finding.message)}"
    shown = lines(finding.path)[finding.line - 1 : finding.line] if finding.line else ()
    for text in shown:
        source, caret = excerpt(text, finding.column, finding.end_column)
        yield f"{paint.tone(f'{finding.line:>5} |', 'quiet')} {source}"
        if caret:
            yield f"{paint.tone('      |', 'quiet')} {paint.tone(caret, tone)}"
    if finding.hint:
        yield f"{paint.tone('      =', 'quiet')} {visible(finding.hint)}"


@lru_cache(maxsize=64)
def lines_of_file(path: Path) -> Sequence[str]:
    """The lines of a text file; none of what is not a file, not UTF-8, or larger than 1 MiB."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode) or status.st_size > _LARGEST:
            return ()
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, ValueError):
        return ()
    return text.split("\n")


def excerpt(line: str, column: int, end_column: int) -> tuple[str, str]:
    """A source line as it is shown, and the line with the carets below it.

    Args:
        line: without its line end.
        column: where the place begins, 1-based; 0 for none.
        end_column: one past its end; 0 when unknown.
    """
    if not column:
        return visible(line)[:WIDTH], ""
    start = column - 1
    end = max(min(end_column - 1, len(line)), start + 1)
    first = 0 if end <= WIDTH else max(0, min(start - WIDTH // 4, len(line) - WIDTH))
    last = first + WIDTH
    before = ("…" if first else "") + visible(line[first:start])
    inside = visible(line[start : min(end, last)])
    after = visible(line[end:last]) + ("…" if len(line) > last else "")
    return before + inside + after, " " * _width(before) + "^" * max(_width(inside), 1)


def visible(text: str) -> str:
    """Text that cannot do anything to a terminal: a tab is a space, other controls are shown."""
    if text.isprintable():
        return text
    return "".join(" " if c == "\t" else c if c.isprintable() else escape_of(c) for c in text)


def _width(text: str) -> int:
    """Columns that a text takes in a terminal."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )
