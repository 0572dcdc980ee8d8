"""Texts as YAML: in quotes where a reader could err, and no sign that nobody sees."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from pipeline.export.yaml_text import yaml_text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("plain", "plain"),
        ("No", "'No'"),
        ("1e3", "'1e3'"),
        ("a:b", "a:b"),
        ("a: b", "'a: b'"),
        ("a\tb", '"a\\tb"'),
        ("a\nb", '"a\\nb"'),
        ("é", "'é'"),
        ("é\u202e", '"\\xE9\\u202E"'),
        (7, "7"),
        (True, "true"),
    ],
)
def test_how_a_value_stands(value: Any, text: str) -> None:
    written = yaml_text([{"key": value}])
    assert written == f"key: {text}\n"
    assert yaml.safe_load(written) == {"key": value}


@pytest.mark.parametrize(
    "document", [{"a\u202e": 1}, {"a": ["\u202e"]}, ["\u202e"], {"a": {"b": ("\u202e",)}}]
)
def test_what_nobody_sees_is_an_escape_wherever_it_stands(document: Any) -> None:
    written = yaml_text([document])
    assert "\\u202E" in written
    assert "\u202e" not in written


def test_values_are_written_for_their_reader_and_keys_are_not() -> None:
    document = {"$a": ["$b", {"$c": "$d"}], "e": 1}
    written = yaml_text([document], lambda text: text.replace("$", "$$"))
    assert yaml.safe_load(written) == {"$a": ["$$b", {"$c": "$$d"}], "e": 1}


def test_what_stands_twice_is_written_twice_and_nothing_is_folded() -> None:
    same = ["word " * 60]
    written = yaml_text([{"a": same, "b": same}])
    assert written == f"a:\n- '{same[0]}'\nb:\n- '{same[0]}'\n"
