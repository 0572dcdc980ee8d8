"""`${VAR}` in a spec, from the environment and the project's `.env`.

    ${VAR}            the variable; an error when it is not set
    ${VAR:-default}   the default when it is not set or empty
    ${VAR-default}    the default when it is not set
    ${VAR:?message}   an error with a message of your own when it is not set or empty
    $$                one `$`

A value that is one reference and nothing else may stand where a number or true or false is
wanted: `replicas = "${REPLICAS:-2}"`.

These are Compose's forms, except for a bare `$VAR`: it is refused, because in a command it is
as often meant for the container's shell. Keys, and everything below `x-` keys, stay as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pipeline.lean_re import lazy_pattern
from pipeline.spec.problem import KeyPath, Problem, did_you_mean

_REFERENCE = lazy_pattern(
    r"\$(?:(?P<dollar>\$)"
    r"|\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?:(?P<operator>:?[-?])(?P<operand>[^{}]*))?\}"
    r"|(?P<bare>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<broken>\{[^}]*\}?))"
)


class Reference(str):
    """The text that one reference gave, with nothing before or after it."""

    __slots__ = ()


def interpolated(
    data: Mapping[str, Any], variables: Mapping[str, str]
) -> tuple[Any, list[Problem]]:
    """`data` with its references replaced, and what was wrong with them.

    A text with a problem stays as it is.
    """
    problems: list[Problem] = []
    return _walk(data, (), variables, problems), problems


def _walk(value: Any, path: KeyPath, variables: Mapping[str, str], problems: list[Problem]) -> Any:
    if isinstance(value, str):
        return _text(value, path, variables, problems) if "$" in value else value
    if isinstance(value, dict):
        return {
            key: item if key.startswith("x-") else _walk(item, (*path, key), variables, problems)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [
            _walk(item, (*path, index), variables, problems) for index, item in enumerate(value)
        ]
    return value


def _text(text: str, path: KeyPath, variables: Mapping[str, str], problems: list[Problem]) -> str:
    parts: list[str] = []
    references: dict[str, re.Match[str]] = {}
    end = 0
    for match in _REFERENCE.finditer(text):
        parts.append(text[end : match.start()])
        end = match.end()
        parts.append(_value(match, variables) or "")
        references[match[0]] = match
    wrong = [
        Problem("CAP008", path, message, hint)
        for match in references.values()
        for message, hint in _faults(match, variables)
    ]
    problems += wrong
    if wrong:
        return text
    whole = len(parts) == 2 and not parts[0] and end == len(text)
    return Reference(parts[1]) if whole else "".join([*parts, text[end:]])


def _value(match: re.Match[str], variables: Mapping[str, str]) -> str | None:
    if match["dollar"]:
        return "$"
    if not match["name"]:
        return None
    value = variables.get(match["name"])
    operator = match["operator"] or ""
    if operator.endswith("-") and (value is None or (value == "" and operator == ":-")):
        return str(match["operand"])
    return value


def _faults(match: re.Match[str], variables: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    if bare := match["bare"]:
        yield (
            f"`${bare}` is ambiguous",
            f"write `${{{bare}}}` for the variable's value here, `$${bare}` to keep it as it is",
        )
    elif match["broken"]:
        yield (
            f"`{match[0]}` is not a variable reference",
            "the forms are `${NAME}` and `${NAME:-default}`; `$$` is one `$`",
        )
    elif name := match["name"]:
        value, operator = variables.get(name), match["operator"] or ""
        if operator.endswith("?") and (value is None or (value == "" and operator == ":?")):
            yield f"the variable {name} is not set", match["operand"]
        elif value is None and not operator:
            hint = did_you_mean(name, variables) or (
                f"set it in the environment or in .env, or give a default: `${{{name}:-…}}`"
            )
            yield f"the variable {name} is not set", hint
        elif value is not None and not is_text(value):
            yield f"the variable {name} holds bytes that are not UTF-8", "no engine takes them"


def is_text(value: str) -> bool:
    """Whether a value of the environment can be written as UTF-8 (os.fsdecode, PEP 383)."""
    return value.isascii() or not any("\ud800" <= character <= "\udfff" for character in value)
