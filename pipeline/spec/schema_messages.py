"""What is wrong with a document by its schema, in words for people."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from pipeline.spec.compose_hints import COMPOSE_WORDS
from pipeline.spec.problem import MOST, KeyPath, Problem, did_you_mean, suggestion
from pipeline.spec.schema import Violation, compiled, violations

_TYPE_NAMES = {
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a table",
}


def schema_problems(data: Mapping[str, Any]) -> list[Problem]:
    """Everything in `data` that the schema does not allow."""
    found = (problem for broken in violations(data) for problem in _problems(broken, ()))
    return list(dict.fromkeys(islice(found, MOST + 1)))


def _problems(broken: Violation, above: KeyPath) -> Iterator[Problem]:
    path: KeyPath = (*above, *broken.path)
    keyword = broken.keyword
    if keyword == "anyOf":
        yield from _best_branch(broken, path)
    elif keyword == "additionalProperties":
        yield from _unknown_keys(broken, path)
    elif keyword == "required":
        yield from _missing_keys(broken, path)
    elif broken.of_name:
        yield _bad_name(broken, path)
    else:
        yield _bad_value(broken, path)


def _best_branch(broken: Violation, path: KeyPath) -> Iterator[Problem]:
    """Of several forms, what the one lacks whose type the value has; else a list of types."""
    fitting = [b for b in broken.branches if not any(map(_is_type_of_whole, b))]
    if fitting:
        for inner in fitting[0]:
            yield from _problems(inner, path)
        return
    others = [inner for branch in broken.branches for inner in branch if _is_type_of_whole(inner)]
    yield _wrong_type(broken.instance, [t for inner in others for t in _types(inner)], path)


def _is_type_of_whole(broken: Violation) -> bool:
    return broken.keyword == "type" and not broken.path


def _unknown_keys(broken: Violation, path: KeyPath) -> Iterator[Problem]:
    known = set(broken.schema.get("properties", {}))
    free, kind = known - set(broken.instance), _kind_of(path)
    for key in broken.instance:
        if key in known or key.startswith("x-"):
            continue
        hint = COMPOSE_WORDS.get((kind, key)) or suggestion(key, free)
        yield Problem("CAP003", (*path, key), f"unknown key `{_short(key)}`", hint, on_key=True)


def _missing_keys(broken: Violation, path: KeyPath) -> Iterator[Problem]:
    properties = broken.schema["properties"]
    subject = _subject(path) if path else "the spec"
    strange = [key for key in broken.instance if key not in properties]
    for missing in broken.wanted:
        # A slip in the key is told at the slip, not a second time as a missing key.
        if missing not in broken.instance and not did_you_mean(missing, strange):
            hint = first_sentence(properties[missing]["description"])
            yield Problem("CAP004", path, f"{subject} needs the key `{missing}`", hint, on_key=True)


def _bad_name(broken: Violation, path: KeyPath) -> Problem:
    name = str(broken.instance)
    fixed = _fixed_name(name, str(broken.schema["pattern"]))
    hint = f"write `{fixed}`" if fixed else ""
    message = f"invalid name `{_short(name)}`: {broken.schema['x-expect']}"
    return Problem("CAP007", (*path, name), message, hint, on_key=True)


def _bad_value(broken: Violation, path: KeyPath) -> Problem:
    value, limit = broken.instance, broken.wanted
    if broken.keyword == "type":
        return _wrong_type(value, _types(broken), path)
    if broken.keyword == "enum":
        hint = suggestion(value, limit) if isinstance(value, str) else ""
        allowed = ", ".join(f"`{word}`" for word in limit)
        return Problem("CAP006", path, f"{_told(value)} is not one of {allowed}", _near(hint))
    if broken.keyword == "pattern":
        if path == ("name",):
            fixed = _fixed_name(value, str(limit))
            message = f"the name `{_short(value)}` is not possible: {broken.schema['x-expect']}"
            return Problem("CAP007", path, message, f"write `{fixed}`" if fixed else "")
        return Problem("CAP006", path, f"{_told(value)} is not {broken.schema['x-expect']}")
    said = {
        "minimum": "at least",
        "exclusiveMinimum": "more than",
        "maximum": "at most",
        "minLength": "is empty",
        "minItems": "is empty",
        "minProperties": "is empty",
        "uniqueItems": "names something twice",
    }
    if isinstance(value, (int, float)):
        message = f"{_subject(path)} is {value}, and must be {said[broken.keyword]} {limit}"
    else:
        message = f"{_subject(path)} {said[broken.keyword]}"
    return Problem("CAP006", path, message)


def _subject(path: KeyPath) -> str:
    return f"`{_short(path[-1])}`" if path and isinstance(path[-1], str) else "this entry"


def _near(hint: str) -> str:
    return hint if hint.startswith("did you mean") else ""


def _wrong_type(value: object, types: Iterable[str], path: KeyPath) -> Problem:
    names = list(dict.fromkeys(_TYPE_NAMES[name] for name in types))
    if "a number" in names and "a whole number" in names:
        names.remove("a whole number")
    expected = " or ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
    hint = ""
    if isinstance(value, str) and names in (["a whole number"], ["a number"], ["true or false"]):
        plain = value.strip().lower()
        if plain in {"true", "false"} or plain.replace(".", "", 1).isdigit():
            hint = f"write {plain} without quotes"
    return Problem(
        "CAP005", path, f"{_subject(path)} must be {expected}, not {_type_name(value)}", hint
    )


def _types(broken: Violation) -> list[str]:
    wanted = broken.wanted
    return [wanted] if isinstance(wanted, str) else list(wanted)


def _type_name(value: object) -> str:
    if isinstance(value, float):
        return str(value)
    for kind, name in (
        (bool, "true or false"),
        (str, "a text"),
        (int, "a whole number"),
        (list, "a list"),
        (dict, "a table"),
    ):
        if isinstance(value, kind):
            return name
    return "a date or time"


def _kind_of(path: KeyPath) -> str:
    """What a table describes: `service`, `version`, …, or `` for the spec itself."""
    if len(path) == 2 and isinstance(path[0], str):
        return path[0].removesuffix("s")
    if len(path) == 4 and path[0] == "images":
        return "version"
    return str(path[-1]) if path else ""


def _fixed_name(name: str, pattern: str) -> str:
    """`name` in a form that `pattern` allows, or an empty text."""
    fixed = re.sub(r"[^A-Za-z0-9/_.-]+", "-", name.strip()).strip("-._/")
    for candidate in (fixed, fixed.lower()):
        if compiled(pattern).search(candidate):
            return candidate
    return ""


def _told(value: object) -> str:
    return f"`{_short(value)}`" if isinstance(value, str) else _short(str(value))


def _short(text: str) -> str:
    shown = text if text.isprintable() else text.encode("unicode_escape").decode()
    return shown if len(shown) <= 60 else f"{shown[:57]}…"


def first_sentence(text: str) -> str:
    """`A sentence. More.` → `a sentence`."""
    sentence = re.split(r"[.:;](?:\s|$)", text, maxsplit=1)[0]
    return sentence[:1].lower() + sentence[1:]
