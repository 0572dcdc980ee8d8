"""`replicas = "${REPLICAS:-2}"`: what one reference gave, as the number that its key takes."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from typing import Any

from pipeline.spec.interpolate import Reference
from pipeline.spec.problem import KeyPath
from pipeline.spec.schema import Violation


def retype(data: Any, broken: Iterable[Violation]) -> bool:
    """Replace references by numbers, or true and false, where the schema misses those.

    Args:
        data: fresh from `interpolated`; it is changed.
        broken: what the schema says about it.

    Returns:
        Whether anything was replaced.
    """
    changed = False
    for path, text, types in [found for one in broken for found in _mistyped(one, ())]:
        value = typed(text, types)
        if value is not None:
            table = data
            for name in path[:-1]:
                table = table[name]
            table[path[-1]] = value
            changed = True
    return changed


def typed(text: str, types: Collection[str]) -> int | float | bool | None:
    """A text as a value of one of JSON Schema's `types`, or None when it has no such form."""
    if "boolean" in types and text in {"true", "false"}:
        return text == "true"
    if not {"integer", "number"} & set(types):
        return None
    if re.fullmatch(r"-?[0-9]{1,18}", text):
        return int(text)
    if "number" in types and re.fullmatch(r"-?[0-9]{1,18}\.[0-9]{1,18}", text):
        return float(text)
    return None


def _mistyped(broken: Violation, above: KeyPath) -> Iterator[tuple[KeyPath, str, Collection[str]]]:
    path = (*above, *broken.path)
    if broken.keyword == "type" and isinstance(broken.instance, Reference):
        wanted = broken.wanted
        yield path, broken.instance, [wanted] if isinstance(wanted, str) else wanted
    for branch in broken.branches:
        for inner in branch:
            yield from _mistyped(inner, path)
