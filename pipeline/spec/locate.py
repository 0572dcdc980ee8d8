"""From problems at keys to findings at lines and columns, as heavy as the spec wants them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pipeline.lean_dataclasses import replace
from pipeline.output.findings.finding import Finding, Severity
from pipeline.spec.document import Document
from pipeline.spec.positions import positions
from pipeline.spec.problem import Problem
from pipeline.spec.rules import CHANGEABLE, RULES

_LEVELS: Mapping[str, Severity] = {"error": "error", "warning": "warning", "note": "note"}


def placed(problems: Iterable[Problem], document: Document) -> tuple[Finding, ...]:
    """The findings of `problems`, in the order of the document; those turned off are left out."""
    wanted = [problem for problem in dict.fromkeys(problems) if level(problem.rule, document)]
    if not wanted:
        return ()
    found = positions(document.text)
    findings = []
    for problem in wanted:
        place = found.place(problem.path, on_key=problem.on_key)
        findings.append(
            Finding(
                path=document.path,
                line=place.line,
                column=place.column,
                rule=problem.rule,
                message=problem.message,
                severity=level(problem.rule, document) or "error",
                hint=problem.hint,
                end_column=place.end_column,
            )
        )
    return tuple(sorted(findings))


def levelled(findings: Iterable[Finding], document: Document) -> tuple[Finding, ...]:
    """Findings in files that a spec names, as heavy as the spec wants them."""
    heavy = ((finding, level(finding.rule, document)) for finding in findings)
    return tuple(replace(finding, severity=severity) for finding, severity in heavy if severity)


def level(rule: str, document: Document) -> Severity | None:
    """How heavy a rule is in this document, by its `[x-lint]`; None when it is turned off."""
    levels = document.data.get("x-lint")
    default = RULES[rule].severity
    given = levels.get(rule) if isinstance(levels, dict) and rule in CHANGEABLE else None
    if given == "off":
        return None
    return _LEVELS.get(given, default) if isinstance(given, str) else default
