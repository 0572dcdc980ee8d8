"""Findings in the format that the user named; a renderer is imported only when it is used."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

from pipeline.output.findings.finding import Finding

if TYPE_CHECKING:
    from pipeline.output.findings.sarif import RuleWords


def render_findings(
    findings: Sequence[Finding],
    format_name: str,
    *,
    rules: Mapping[str, RuleWords] = MappingProxyType({}),
    version: str = "",
    explained_at: Callable[[str], str] = lambda _rule: "",
) -> str:
    """Findings as text in a format.

    Args:
        findings: in the order in which they are shown.
        format_name: `text`, `json`, `github`, `sarif` or `junit`.
        rules: by id, for the formats that describe them.
        version: of the program, for the formats that name it.
        explained_at: the address of a rule's explanation, for the formats that lead there.

    Raises:
        KeyError: no such format.
    """
    if format_name == "text":
        from pipeline.output.findings.plain_text import findings_text, lines_of_file  # noqa: PLC0415
        from pipeline.output.paint import paint_for  # noqa: PLC0415

        return findings_text(findings, lines_of_file, paint_for(sys.stdout))
    if format_name == "json":
        from pipeline.output.findings.json_data import findings_json  # noqa: PLC0415

        return findings_json(findings)
    if format_name == "github":
        from pipeline.output.findings.github import findings_github  # noqa: PLC0415

        return findings_github(findings)
    if format_name == "junit":
        from pipeline.output.findings.junit import findings_junit  # noqa: PLC0415

        return findings_junit(findings)
    if format_name == "sarif":
        from pipeline.output.findings.sarif import findings_sarif  # noqa: PLC0415

        return findings_sarif(findings, rules, version, explained_at)
    raise KeyError(format_name)


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
