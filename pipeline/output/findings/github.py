"""Findings as GitHub's workflow commands: a runner shows each beside its line.

The form is that of actions/toolkit: a value is escaped so that it can end neither the line nor,
in front of the message, its property.
"""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.output.findings.finding import Finding, Severity

_COMMAND: dict[Severity, str] = {"error": "error", "warning": "warning", "note": "notice"}
_IN_MESSAGE = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_IN_PROPERTY = _IN_MESSAGE | str.maketrans({":": "%3A", ",": "%2C"})


def findings_github(findings: Sequence[Finding]) -> str:
    """One line for each finding."""
    return "".join(f"{_line(finding)}\n" for finding in findings)


def _line(finding: Finding) -> str:
    properties = {
        "file": str(finding.path),
        "line": finding.line,
        "col": finding.column,
        "endColumn": finding.end_column,
        "title": finding.rule,
    }
    given = ",".join(
        f"{name}={_text(str(value)).translate(_IN_PROPERTY)}"
        for name, value in properties.items()
        if value
    )
    message = f"{finding.message}\n{finding.hint}" if finding.hint else finding.message
    return f"::{_COMMAND[finding.severity]} {given}::{_text(message).translate(_IN_MESSAGE)}"


def _text(value: str) -> str:
    """Without what UTF-8 cannot carry."""
    return value.encode(errors="replace").decode()
