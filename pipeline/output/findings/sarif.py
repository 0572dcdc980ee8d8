"""Findings as SARIF 2.1.0, the format that code scanners are read in."""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

from pipeline.output.findings.finding import Finding, Severity

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
FINGERPRINT = "capasFinding/v1"
"""What a finding is without its line: it stays the same when lines are added above it."""


class RuleWords(Protocol):
    """What is said of a rule."""

    @property
    def id(self) -> str:
        """`CAP221`."""

    @property
    def name(self) -> str:
        """`copy-to-missing-folder`."""

    @property
    def severity(self) -> Severity:
        """How heavy it is by itself."""

    @property
    def why(self) -> str:
        """Why it exists."""


def findings_sarif(
    findings: Sequence[Finding],
    rules: Mapping[str, RuleWords],
    version: str,
    explained_at: Callable[[str], str],
) -> str:
    """One run of ours, with the rules that it used and a result for each finding.

    Args:
        findings: in their order.
        rules: by id; a finding of a rule that does not exist goes without a description.
        version: of the program.
        explained_at: the address of a rule's explanation, by its id; "" when there is none.
    """
    used = [rules[name] for name in sorted({f.rule for f in findings}) if name in rules]
    index = {rule.id: number for number, rule in enumerate(used)}
    described = [_rule(rule, explained_at(rule.id)) for rule in used]
    driver = {"name": "capas", "version": version, "rules": described}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": _results(findings, index),
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _rule(rule: RuleWords, address: str) -> dict[str, Any]:
    described = {
        "id": rule.id,
        "name": rule.name,
        "shortDescription": {"text": rule.name.replace("-", " ").capitalize()},
        "fullDescription": {"text": rule.why},
        "help": {"text": rule.why},
        "defaultConfiguration": {"level": rule.severity},
    }
    return {**described, "helpUri": address} if address else described


def _results(findings: Sequence[Finding], index: Mapping[str, int]) -> list[dict[str, Any]]:
    seen: Counter[str] = Counter()
    results = []
    for finding in findings:
        same = "\0".join((str(finding.path), finding.rule, finding.message))
        identity = f"{same}\0{seen[same]}".encode(errors="backslashreplace")
        seen[same] += 1
        result: dict[str, Any] = {
            "ruleId": finding.rule,
            "level": finding.severity,
            "message": {"text": f"{finding.message}\n{finding.hint}".rstrip("\n") or finding.rule},
            "locations": [{"physicalLocation": _location(finding)}],
            "partialFingerprints": {FINGERPRINT: hashlib.sha256(identity).hexdigest()},
        }
        if finding.rule in index:
            result["ruleIndex"] = index[finding.rule]
        results.append(result)
    return results


def _location(finding: Finding) -> dict[str, Any]:
    location: dict[str, Any] = {"artifactLocation": {"uri": _uri(finding.path)}}
    if finding.line:
        region = {"startLine": finding.line}
        if finding.column:
            region["startColumn"] = finding.column
            if finding.end_column > finding.column:
                region["endColumn"] = finding.end_column
        location["region"] = region
    return location


def _uri(path: Path) -> str:
    quoted = quote(os.fsencode(path))
    return f"file://{quoted}" if path.is_absolute() else quoted
