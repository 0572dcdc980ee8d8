from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from pipeline.errors import CapasError
from pipeline.spec.experiments import Execute, Expected, Step
from pipeline.verify.captured import ABSENT, at_way, brief, filled, filled_text, parsed
from pipeline.verify.judge import Sight, captures, compare

DOCUMENT = '{"users": [{"name": "ann", "id": 7}], "on": true, "none": null}'


def step(captures: Mapping[str, str] | None = None, **expected: Any) -> Step:
    return Step(0, "exec", Execute(()), expected=Expected(**expected), captures=captures or {})


@pytest.mark.parametrize(
    ("expected", "sight"),
    [
        ({}, Sight(status=201)),
        ({"status": 404}, Sight(status=404)),
        ({"answers": False}, Sight(silent=True)),
        ({}, Sight(exit_code=0)),
        ({"exit_code": 3}, Sight(exit_code=3)),
        ({"text": "an"}, Sight("ann", exit_code=0)),
        ({"without": "bob"}, Sight("ann", status=200)),
        ({"equals": "{{n}}"}, Sight(" 7\n", exit_code=0)),
        ({"json": {"users.0.name": "ann", "users.0.id": "{{n}}"}}, Sight(DOCUMENT, status=200)),
        ({"json": {"on": True}}, Sight(DOCUMENT, status=200)),
        ({"absent": True}, Sight(missing=True)),
        ({}, Sight("text")),
        ({"fails": True}, Sight(failure="not healthy")),
    ],
)
def test_what_was_expected_holds(expected: dict[str, Any], sight: Sight) -> None:
    assert [c for c in compare(step(**expected), sight, {"n": 7}) if not c.holds] == []


@pytest.mark.parametrize(
    ("expected", "sight", "found"),
    [
        ({}, Sight("broken", status=500), "500: broken"),
        ({"status": 201}, Sight(status=200), "200"),
        ({}, Sight("refused", silent=True), "no answer: refused"),
        ({"answers": False}, Sight(status=200), "an answer: 200"),
        ({}, Sight("no such file", exit_code=1), "1: no such file"),
        ({"exit_code": 1}, Sight(exit_code=0), "0"),
        ({"text": "bob"}, Sight("ann", exit_code=0), "missing in: ann"),
        ({"without": "ann"}, Sight("ann", status=200), "there, in: ann"),
        ({"equals": "8"}, Sight("7", exit_code=0), "7"),
        ({"json": {"users.1.name": "ann"}}, Sight(DOCUMENT, status=200), "nothing"),
        ({"json": {"users.0.id": "7"}}, Sight(DOCUMENT, status=200), "7 (of another type"),
        ({"json": {"on": 1}}, Sight(DOCUMENT, status=200), "true"),
        ({"json": {"a": 1}}, Sight("<p>", status=200), "no JSON"),
        ({"equals": "x" * 300}, Sight("x" * 301, exit_code=0), "xxx"),
        ({"absent": True}, Sight("text"), "there"),
        ({}, Sight(missing=True), "absent"),
        ({}, Sight(failure="not healthy"), "fails: not healthy"),
        ({"fails": True}, Sight(), "succeeds"),
    ],
)
def test_what_contradicts_is_told(expected: dict[str, Any], sight: Sight, found: str) -> None:
    (wrong,) = [c for c in compare(step(**expected), sight, {"n": 7}) if not c.holds]
    assert wrong.found.startswith(found)


def test_values_are_captured_by_their_way_or_whole() -> None:
    kept = captures(step({"id": "users.0.id", "all": "", "no": "users.x"}), Sight(DOCUMENT))
    assert kept == {"id": 7, "all": DOCUMENT, "no": ABSENT}
    assert captures(step({"id": "id"}), Sight("no JSON")) == {"id": ABSENT}


def test_captured_values_stand_in_texts_with_their_type_when_alone() -> None:
    assert filled({"a": ["{{n}}", "n={{n}}", 1]}, {"n": 7}) == {"a": [7, "n=7", 1]}
    with pytest.raises(CapasError, match="no step captured 'm'"):
        filled_text("{{m}}", {"n": 7})


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "\0", '{"a": 1}x', "NaN5"])
def test_a_text_that_is_no_json_is_said_to_be_none(text: str) -> None:
    assert parsed(text) is ABSENT


@pytest.mark.parametrize(
    ("way", "found"), [("", [[1]]), ("0.0", 1), ("1", ABSENT), ("0.0.0", ABSENT), ("-1", ABSENT)]
)
def test_a_way_that_leads_nowhere_gives_nothing(way: str, found: object) -> None:
    assert at_way([[1]], way) == found


@pytest.mark.parametrize(
    ("text", "told"),
    [(" a\n b ", "a b"), ("x" * 200, "x" * 200), ("x" * 201, "x" * 199 + "…")],
)
def test_a_text_is_told_in_brief(text: str, told: str) -> None:
    assert brief(text) == told


def test_what_differs_is_never_told_in_the_same_words() -> None:
    (one,) = compare(step(equals="8"), Sight("7", exit_code=0), {})[1:]
    assert one.found == "7"
    (other,) = compare(step(json={"a": "1"}), Sight('{"a": 1}', status=200), {})[1:]
    assert other.found == "1 (of another type, or different further on)"


@pytest.mark.parametrize(
    ("expected", "sight", "lines"),
    [
        ({}, Sight("moved", status=300), [("the status", "200 to 299", "300: moved")]),
        ({}, Sight(status=299), [("the status", "299", "299")]),
        ({"text": "a"}, Sight(missing=True), [("the file", "there", "absent")]),
        (
            {"text": "a"},
            Sight("no", silent=True),
            [("what comes back", "an answer", "no answer: no")],
        ),
        ({"equals": "ü"}, Sight("ü"), [("all of it", "ü", "ü")]),
        ({"json": {"a": "ü"}}, Sight('{"a": ["ü"]}'), [("a", "ü", '["ü"]')]),
        ({}, Sight("text"), []),
    ],
)
def test_the_lines_of_evidence_say_what_was_asked(
    expected: dict[str, Any], sight: Sight, lines: list[tuple[str, str, str]]
) -> None:
    found = compare(step(**expected), sight, {})
    assert [(one.text, one.expected, one.found) for one in found] == lines
