"""The reference pages and the reference spec say what the schema says, all of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import tomli
from jsonschema import Draft202012Validator

from pipeline.spec.docs_pages import resolved, rules_page, spec_page
from pipeline.spec.load import examine
from pipeline.spec.rules import RULES
from pipeline.spec.schema import schema

ROOT = Path(__file__).parents[3]
SPECS = ROOT / "specs"
REFERENCE = SPECS / "reference.toml"


@pytest.mark.parametrize(("page", "made"), [("spec.md", spec_page), ("rules.md", rules_page)])
def test_the_pages_are_current(page: str, made: Any) -> None:
    written = (ROOT / "docs" / page).read_text(encoding="utf-8")

    assert written == made(), "run: python -m pipeline.spec.docs_pages"


def test_every_key_and_rule_is_on_its_page() -> None:
    page = spec_page()

    assert [key for _, key, _ in keys(schema(), ()) if f"`{key}`" not in page] == []
    assert [rule for rule in RULES if rule not in rules_page()] == []


def test_the_schema_is_a_valid_one() -> None:
    Draft202012Validator.check_schema(schema())


def test_every_key_has_a_description_and_examples_that_it_allows() -> None:
    for path, _, node in keys(schema(), ()):
        assert node.get("description", "").endswith("."), path
        assert node.get("examples"), path
        validator = Draft202012Validator(
            {
                **node,
                "$defs": schema()["$defs"],
                "patternProperties": {
                    **schema()["patternProperties"],
                    **node.get("patternProperties", {}),
                },
            }
        )
        for example in [*node["examples"], *([node["default"]] if "default" in node else [])]:
            errors = [error.message for error in validator.iter_errors(example)]
            assert errors == [], (path, example)


def test_the_reference_spec_is_valid() -> None:
    environ = {"HOME": "/home/student", "LANG": "C.UTF-8"}

    assert [str(finding) for finding in examine(REFERENCE, environ).findings] == []


@pytest.mark.parametrize(
    "spec", sorted([*SPECS.glob("*.toml"), ROOT / "containers" / "bases.toml"])
)
def test_other_readers_of_the_schema_accept_our_specs(spec: Path) -> None:
    data = tomli.loads(spec.read_text(encoding="utf-8"))  # variables and all, as an editor sees it

    assert [error.message for error in Draft202012Validator(schema()).iter_errors(data)] == []


def test_the_reference_spec_uses_every_key() -> None:
    data = tomli.loads(REFERENCE.read_text(encoding="utf-8"))

    assert {path for path, _, _ in keys(schema(), ())} - set(used(schema(), data, ())) == set()


def keys(
    node: Mapping[str, Any], path: tuple[str, ...]
) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every key of the schema: its path without names, its name, what the schema says of it."""
    for name, value in node.get("properties", {}).items():
        whole = resolved(value)
        yield ".".join((*path, name)), name, whole
        yield from keys(whole, (*path, name))
    for child in (node.get("additionalProperties"), node.get("items"), *node.get("anyOf", ())):
        if isinstance(child, dict):
            yield from keys(resolved(child), path)


def used(node: Mapping[str, Any], data: Any, path: tuple[str, ...]) -> Iterator[str]:
    """The keys of the schema that a document uses, as paths without names."""
    for form in node.get("anyOf", ()):
        yield from used(resolved(form), data, path)
    if isinstance(data, list):
        for item in data:
            yield from used(resolved(node.get("items", {})), item, path)
    elif isinstance(data, dict):
        for name, value in data.items():
            if name in node.get("properties", {}):
                yield ".".join((*path, name))
                yield from used(resolved(node["properties"][name]), value, (*path, name))
            elif isinstance(node.get("additionalProperties"), dict):
                yield from used(resolved(node["additionalProperties"]), value, path)
