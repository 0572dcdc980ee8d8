"""Findings in the format that the user named; a renderer is imported only when it is used."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence

from pipeline.report.finding import Finding


def render_findings(findings: Sequence[Finding], format_name: str) -> str:
    """Findings as text in a format.

    Args:
        findings: in the order in which they are shown.
        format_name: `text` and whatever else is known here.

    Raises:
        KeyError: no such format.
    """
    from pipeline.report.findings_text import findings_text, lines_of_file  # noqa: PLC0415
    from pipeline.report.paint import Paint, colours_wanted  # noqa: PLC0415

    if format_name != "text":
        raise KeyError(format_name)
    return findings_text(findings, lines_of_file, Paint(colours_wanted(sys.stdout)))


def summary(findings: Sequence[Finding], specs: int) -> str:
    """One line: `2 errors and 1 warning in 3 specs`."""
    count = Counter(finding.severity for finding in findings)
    parts = [
        f"{count[severity]} {severity}{'s' if count[severity] != 1 else ''}"
        for severity in ("error", "warning", "note")
        if count[severity]
    ]
    what = " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
    return f"{what or 'nothing found'} in {specs} spec{'s' if specs != 1 else ''}"
