"""Every finding, however odd, comes through every format and can be read back."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import unquote, unquote_to_bytes, urlsplit
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft4Validator

from pipeline.output.findings.finding import Finding
from pipeline.output.findings.report import render_findings
from pipeline.output.findings.sarif import FINGERPRINT
from pipeline.spec.rules import RULES
from pipeline.spec.rules_link import rule_uri

ONE = Finding(
    Path("a,b/Containerfile"),
    2,
    14,
    "CAP221",
    "/app becomes: a file, 100%",
    "warning",
    "write /app/",
    18,
)
ALL = [
    ONE,
    Finding(Path("/x y"), 0, 0, "CAP200", "gone"),
    Finding(Path("c"), 3, 0, "CAP229", "n", "note"),
]

SCHEMA = json.loads(
    (Path(__file__).parents[1] / "data" / "sarif" / "sarif-schema-2.1.0.json").read_text()
)

paths = st.binary(min_size=1, max_size=20).map(
    lambda raw: Path(os.fsdecode(raw.replace(b"\0", b"")))
)
texts = st.text(st.characters(exclude_categories=()), max_size=40)
findings = st.builds(
    Finding,
    path=paths,
    line=st.integers(0, 10**6),
    column=st.integers(0, 1000),
    rule=st.sampled_from(sorted(RULES)),
    message=texts,
    severity=st.sampled_from(["error", "warning", "note"]),
    hint=texts,
    end_column=st.integers(0, 1000),
)


def sarif(given: list[Finding]) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(
        render_findings(given, "sarif", rules=RULES, version="1.2.3", explained_at=rule_uri)
    )
    return document


def test_json() -> None:
    document = json.loads(render_findings(ALL, "json"))
    assert document["version"] == 1
    assert document["count"] == {"error": 1, "warning": 1, "note": 1}
    assert document["findings"][0] == {
        "path": "a,b/Containerfile",
        "line": 2,
        "column": 14,
        "end_column": 18,
        "rule": "CAP221",
        "severity": "warning",
        "message": "/app becomes: a file, 100%",
        "hint": "write /app/",
    }
    assert document["findings"][1]["line"] is None


def test_github() -> None:
    where = "line=2,col=14,endColumn=18,title=CAP221"
    assert render_findings(ALL, "github").splitlines() == [
        f"::warning file=a%2Cb/Containerfile,{where}::/app becomes: a file, 100%25%0Awrite /app/",
        "::error file=/x y,title=CAP200::gone",
        "::notice file=c,line=3,title=CAP229::n",
    ]  # fmt: skip


def test_junit() -> None:
    suites = ElementTree.fromstring(render_findings(ALL, "junit"))
    assert suites.attrib == {
        "name": "capas validate", "tests": "3", "failures": "2", "errors": "0",
    }  # fmt: skip
    cases = suites.findall("testsuite/testcase")
    assert [case.get("line") for case in cases] == ["2", None, "3"]
    assert [[child.tag for child in case] for case in cases] == [
        ["failure"], ["failure"], ["system-out"],
    ]  # fmt: skip


def test_junit_without_findings_has_one_passed_test() -> None:
    suites = ElementTree.fromstring(render_findings([], "junit"))
    assert suites.get("tests") == "1"
    assert len(suites.findall("testsuite/testcase")) == 1


def test_sarif() -> None:
    document = sarif(ALL)
    Draft4Validator(SCHEMA).validate(document)
    (run,) = document["runs"]
    driver = run["tool"]["driver"]
    assert (driver["name"], driver["version"]) == ("capas", "1.2.3")
    assert [rule["id"] for rule in driver["rules"]] == ["CAP200", "CAP221", "CAP229"]
    first, second, _ = run["results"]
    assert first["ruleIndex"] == 1
    assert first["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "a%2Cb/Containerfile"},
        "region": {"startLine": 2, "startColumn": 14, "endColumn": 18},
    }
    assert second["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "file:///x%20y"}
    }


def test_a_fingerprint_does_not_depend_on_the_line() -> None:
    def prints(*lines: int) -> list[str]:
        given = [Finding(Path("c"), line, 1, "CAP222", "moving") for line in lines]
        (run,) = sarif(given)["runs"]
        return [result["partialFingerprints"][FINGERPRINT] for result in run["results"]]

    assert prints(1, 5) == prints(3, 9)
    assert len(set(prints(1, 5))) == 2


def test_an_unknown_format_is_an_error_of_the_caller() -> None:
    with pytest.raises(KeyError):
        render_findings([], "yaml")


@given(st.lists(findings, max_size=5))
def test_any_finding_is_json(given: list[Finding]) -> None:
    document = json.loads(render_findings(given, "json"))
    assert [item["message"] for item in document["findings"]] == [f.message for f in given]


@given(st.lists(findings, max_size=5))
def test_any_finding_is_a_workflow_command(given: list[Finding]) -> None:
    lines = render_findings(given, "github").encode().split(b"\n")
    assert len(lines) == len(given) + 1
    for line, finding in zip(lines, given, strict=False):
        command, properties, message = line.decode().removeprefix("::").partition("::")[0], "", ""
        command, _, properties = command.partition(" ")
        message = line.decode().split("::", 2)[2]
        assert command == {"note": "notice"}.get(finding.severity, finding.severity)
        names = [part.partition("=")[0] for part in properties.split(",")]
        assert set(names) <= {"file", "line", "col", "endColumn", "title"}
        told = message.replace("%0A", "\n").replace("%0D", "\r").replace("%25", "%")
        assert told.startswith(finding.message.encode(errors="replace").decode())


@given(st.lists(findings, max_size=5))
def test_any_finding_is_sarif(given: list[Finding]) -> None:
    document = sarif(given)
    Draft4Validator(SCHEMA).validate(document)
    (run,) = document["runs"]
    uris = [
        r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for r in run["results"]
    ]
    read = [unquote_to_bytes(uri.removeprefix("file://")) for uri in uris]
    assert read == [os.fsencode(finding.path) for finding in given]


@given(st.lists(findings, max_size=5))
def test_any_finding_is_xml(given: list[Finding]) -> None:
    suites = ElementTree.fromstring(render_findings(given, "junit").encode())
    cases = suites.findall("testsuite/testcase")
    assert len(cases) == max(1, len(given))
    assert suites.get("failures") == str(len([f for f in given if f.severity != "note"]))


def test_each_rule_leads_to_its_own_place_on_the_page() -> None:
    (run,) = sarif([Finding(Path("x"), 1, 1, rule, "m") for rule in RULES])["runs"]
    addresses = {rule["id"]: rule["helpUri"] for rule in run["tool"]["driver"]["rules"]}
    assert addresses.keys() == RULES.keys()
    for rule, address in addresses.items():
        page, _, anchor = address.partition("#")
        text = Path(unquote(urlsplit(page).path)).read_text(encoding="utf-8")
        assert text.count(f'<a id="{anchor}"></a>{rule} |') == 1, rule


def test_a_rule_that_is_explained_nowhere_has_no_address() -> None:
    (run,) = json.loads(render_findings([ONE], "sarif", rules=RULES))["runs"]
    assert "helpUri" not in run["tool"]["driver"]["rules"][0]
