"""Findings as JUnit XML, which GitLab and others show as failed tests.

Errors and warnings are failures; a note is a passed test that says something. Without findings
there is one passed test, because some readers take a report without tests for a broken one.
"""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree.ElementTree import Element, SubElement, tostring

from pipeline.lean_re import lazy_pattern
from pipeline.output.findings.finding import Finding
from pipeline.output.sanitize import HIDDEN

_NO_XML = lazy_pattern("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def findings_junit(findings: Sequence[Finding]) -> str:
    """One suite with a test for each finding."""
    failures = sum(finding.severity != "note" for finding in findings)
    numbers = {"tests": str(len(findings) or 1), "failures": str(failures), "errors": "0"}
    suites = Element("testsuites", {"name": "capas validate", **numbers})
    suite = SubElement(suites, "testsuite", {"name": "capas validate", **numbers})
    for finding in findings:
        _case(suite, finding)
    if not findings:
        SubElement(suite, "testcase", {"classname": "capas", "name": "validate"})
    text = HIDDEN.sub(lambda match: f"&#{ord(match[0])};", tostring(suites, encoding="unicode"))
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _case(suite: Element, finding: Finding) -> None:
    place = _text(finding.place)
    name = f"{finding.rule} {place}: {_text(finding.message)}"
    attributes = {"classname": _text(str(finding.path)), "name": name}
    attributes["file"] = attributes["classname"]
    if finding.line:
        attributes["line"] = str(finding.line)
    case = SubElement(suite, "testcase", attributes)
    told = _text(f"{finding.severity}: {finding}")
    if finding.severity == "note":
        SubElement(case, "system-out").text = told
    else:
        given = {"type": finding.rule, "message": _text(finding.message)}
        SubElement(case, "failure", given).text = told


def _text(value: str) -> str:
    """Without the characters that XML 1.0 cannot hold, not even escaped."""
    return _NO_XML.sub("\ufffd", value)
