"""The one JSON Schema, and where a document breaks it.

`pipeline.schema.json` (draft 2020-12) is what editors and other tools read too. One annotation of
its own helps the messages: `x-expect` tells in words what a `pattern` stands for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.lean_dataclasses import dataclass
from pipeline.spec.answer_cache import question_of
from pipeline.spec.problem import KeyPath

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

SCHEMA_PATH = Path(__file__).with_name("pipeline.schema.json")
_FORMAT = b"1"
"""Changes when this program reads the schema in another way."""


@dataclass(frozen=True)
class Violation:
    """One keyword of the schema that a value breaks.

    Attributes:
        path: of the value, from the value that the branch of an `anyOf` began at.
        keyword: `type`, `required`, `additionalProperties`, …
        wanted: the keyword's value in the schema.
        schema: the schema that the keyword stands in.
        instance: the value.
        of_name: the value is a key of a table, held to `propertyNames`.
        branches: for `anyOf`, what each form lacks.
    """

    path: KeyPath
    keyword: str
    wanted: Any
    schema: Mapping[str, Any]
    instance: Any
    of_name: bool = False
    branches: tuple[tuple[Violation, ...], ...] = ()


@cache
def schema() -> Mapping[str, Any]:
    """The schema itself."""
    document: Mapping[str, Any] = json.loads(SCHEMA_PATH.read_text(encoding="utf-8"))
    return document


def violations(data: Mapping[str, Any]) -> Iterator[Violation]:
    """Everything in `data` that the schema does not allow."""
    return map(_violation, _validator().iter_errors(data))


def schema_question(data: Mapping[str, Any]) -> str:
    """What "does the schema allow this document" depends on, for `Memory`."""
    document = repr(data).encode("utf-8", "backslashreplace")
    return question_of(_FORMAT, SCHEMA_PATH.read_bytes(), document)


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    """A pattern of the schema as it is meant here.

    ECMA 262's `$` is the very end, Python's lets a newline follow. The last alternative of many
    patterns, `${`, is for editors: they see variables that are replaced by now.
    """
    return re.compile(re.sub(r"(?<!\\)\$", r"\\Z", pattern.removesuffix(r"|\$\{")))


def _violation(error: ValidationError) -> Violation:
    branches: dict[int, list[Violation]] = {}
    for inner in error.context or ():
        branches.setdefault(int(inner.schema_path[0]), []).append(_violation(inner))
    return Violation(
        path=tuple(error.path),
        keyword=str(error.validator),
        wanted=error.validator_value,
        schema=error.schema if isinstance(error.schema, Mapping) else {},
        instance=error.instance,
        of_name="propertyNames" in error.schema_path,
        branches=tuple(map(tuple, branches.values())),
    )


@cache
def _validator() -> Any:
    from jsonschema import Draft202012Validator, validators  # noqa: PLC0415 (80 ms, paid only here)

    extend: Any = validators.extend  # jsonschema leaves it untyped
    types = Draft202012Validator.TYPE_CHECKER.redefine_many(
        {"integer": _is_integer, "number": _is_number}
    )
    own = {"pattern": _pattern, "uniqueItems": _unique}
    return extend(Draft202012Validator, own, type_checker=types)(schema())


def _unique(_: object, __: object, instance: object, ___: object) -> Iterator[ValidationError]:
    """Only texts have to differ; jsonschema compares all with all when they are tables."""
    from jsonschema.exceptions import ValidationError  # noqa: PLC0415

    texts = (
        [item for item in instance if isinstance(item, str)] if isinstance(instance, list) else ()
    )
    if len(set(texts)) < len(texts):
        yield ValidationError("names something twice")


def _is_integer(_: object, value: object) -> bool:
    """TOML tells 2 from 2.0; JSON Schema does not."""
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(_: object, value: object) -> bool:
    """TOML has NaN and infinity; JSON does not."""
    return _is_integer(_, value) or (isinstance(value, float) and isfinite(value))


def _pattern(_: object, pattern: str, instance: object, __: object) -> Iterator[ValidationError]:
    from jsonschema.exceptions import ValidationError  # noqa: PLC0415

    if isinstance(instance, str) and not compiled(pattern).search(instance):
        yield ValidationError("does not match")
