"""Values that steps captured: put into texts, and found in JSON documents (pure)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pipeline.errors import CapasError
from pipeline.spec.experiments import REFERENCE

_SHOWN = 200
ABSENT = "nothing"
"""Stands for a value that is not in a document."""


def filled(value: Any, captured: Mapping[str, Any]) -> Any:
    """A value with the captured ones in it; a text that is one reference has its type, too."""
    if isinstance(value, str):
        whole = REFERENCE.fullmatch(value)
        if whole and whole[1] in captured:
            return captured[whole[1]]
        return filled_text(value, captured)
    if isinstance(value, Mapping):
        return {key: filled(item, captured) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [filled(item, captured) for item in value]
    return value


def filled_text(text: str, captured: Mapping[str, Any]) -> str:
    """A text with captured values in it.

    Raises:
        CapasError: one was never captured.
    """

    def value(found: Any) -> str:
        if found[1] not in captured:
            raise CapasError(f"no step captured {found[1]!r}")
        return shown(captured[found[1]])

    return REFERENCE.sub(value, text)


def shown(value: Any) -> str:
    """A value as a text: texts as they are, the rest as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def at_way(document: Any, way: str) -> Any:
    """What stands in a JSON document at `users.0.name`, or `ABSENT`; "" is the whole."""
    for part in way.split(".") if way else ():
        if isinstance(document, dict) and part in document:
            document = document[part]
        elif isinstance(document, list) and part.isdecimal() and int(part[:9]) < len(document):
            document = document[int(part[:9])]
        else:
            return ABSENT
    return document


def parsed(text: str) -> Any:
    """A text as a JSON document, or `ABSENT` when it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return ABSENT


def brief(text: str) -> str:
    """A text for a report: its beginning, on one line."""
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN else f"{line[: _SHOWN - 1]}…"
