"""The words for what the schema forbids; the corpus of bad specs shows them in full."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from pipeline.spec.compose_hints import COMPOSE_WORDS
from pipeline.spec.docs_pages import resolved
from pipeline.spec.schema import compiled, schema
from pipeline.spec.schema_messages import first_sentence, schema_problems

TOLD = {
    "type", "enum", "pattern", "minimum", "maximum", "exclusiveMinimum", "minLength", "minItems",
    "minProperties", "uniqueItems", "required", "additionalProperties", "propertyNames", "anyOf",
}  # fmt: skip
SILENT = {
    "$ref", "$schema", "$defs", "title", "description", "examples", "default", "x-expect",
    "properties", "patternProperties", "items",
}  # fmt: skip


def nodes(node: Any) -> Iterator[dict[str, Any]]:
    """Every schema within the schema."""
    if isinstance(node, dict):
        yield node
        for keyword in ("properties", "patternProperties", "$defs"):
            for child in node.get(keyword, {}).values():
                yield from nodes(child)
        for keyword in ("items", "additionalProperties", "propertyNames"):
            yield from nodes(node.get(keyword))
        for child in node.get("anyOf", ()):
            yield from nodes(child)


def test_every_keyword_of_the_schema_has_its_words() -> None:
    used = {keyword for node in nodes(schema()) for keyword in node}

    assert used - TOLD - SILENT == set()


def test_every_pattern_says_what_it_stands_for() -> None:
    patterns = [node for node in nodes(schema()) if "pattern" in node]

    assert patterns
    assert [node["pattern"] for node in patterns if "x-expect" not in node] == []


def test_every_key_that_can_be_missing_is_described() -> None:
    for node in nodes(schema()):
        for key in node.get("required", ()):
            assert node["properties"][key]["description"]


def test_words_of_compose_are_no_keys_of_ours() -> None:
    tables = {"": schema(), **{name: resolved(node) for name, node in schema()["$defs"].items()}}

    for kind, word in COMPOSE_WORDS:
        assert word not in tables[kind]["properties"], (kind, word)


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        ("^a$", "a", True),
        ("^a$", "a\n", False),
        (r"^a\$$", "a$", True),
        (r"^a$|\$\{", "${A}", False),
        (r"^a$|\$\{", "a", True),
    ],
)
def test_patterns_are_read_as_javascript_reads_them(
    pattern: str,
    text: str,
    fits: bool,
) -> None:
    assert (compiled(pattern).search(text) is not None) == fits


def test_a_slip_in_a_needed_key_is_told_once() -> None:
    found = schema_problems({"name": "a", "services": {"web": {"imgae": "a"}}})

    assert [(p.rule, p.path) for p in found] == [("CAP003", ("services", "web", "imgae"))]


def test_of_several_forms_the_one_with_the_values_type_is_meant() -> None:
    found = schema_problems({"name": "a", "services": {"w": {"image": "a", "ports": [{"x": 1}]}}})

    assert {(p.rule, p.path[4:]) for p in found} == {("CAP003", ("x",)), ("CAP004", ())}


def test_the_first_sentence_begins_small() -> None:
    assert first_sentence("A thing. More of it.") == "a thing"
    assert first_sentence("A thing: more of it") == "a thing"
