"""Findings as JSON: one object, stable, described in docs/formats.md."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from pipeline.output.findings.finding import Finding

VERSION = 1
"""Of the format: it grows when a key goes or changes its meaning, not when one is added."""


def findings_json(findings: Sequence[Finding]) -> str:
    """The findings in their order, and how many there are of each severity."""
    count = {"error": 0, "warning": 0, "note": 0}
    for finding in findings:
        count[finding.severity] += 1
    document = {"version": VERSION, "findings": [_item(f) for f in findings], "count": count}
    # Only ASCII: a path may hold bytes that are no text in any encoding.
    return json.dumps(document, indent=2) + "\n"


def _item(finding: Finding) -> dict[str, Any]:
    return {
        "path": str(finding.path),
        "line": finding.line or None,
        "column": finding.column or None,
        "end_column": finding.end_column or None,
        "rule": finding.rule,
        "severity": finding.severity,
        "message": finding.message,
        "hint": finding.hint,
    }
