"""The shape that a piece of JSON must have before anything is taken from it.

A shape is written as the JSON itself looks:

    str, int, bool, ANY     one value; a bool is no int
    [shape]                 a list; null is an empty one, as Go writes it
    {str: shape}            an object with any keys; null is an empty one
    {"key": shape}          an object that has this key; other keys are let through
    {"key?": shape}         … that may leave it out, or say null: that is its zero value, as in Go
                            (encoding/json, omitempty); an object that needs a key has none
    (one, other)            either; left out, it is the last one's zero value
    whole(low, high)        an int between two bounds
    like(pattern)           a text that matches
    maybe(shape)            with `key?`: left out, it stays left out
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from pipeline.engine.json_input import InvalidJson
from pipeline.lean_dataclasses import dataclass

Shape = Any


def fit(value: Any, shape: Shape, place: str = "") -> Any:
    """A copy of `value` that has the shape, its nulls replaced by what they stand for.

    Raises:
        Odd: it does not have it; the message names the place and both kinds.
    """
    if isinstance(shape, tuple):
        return _either(value, shape, place)
    if isinstance(shape, list):
        return _list(value, shape[0], place)
    if isinstance(shape, dict):
        return _object(value, shape, place)
    if isinstance(shape, type):
        # A bool is an int for Python, and for nobody who writes JSON.
        if not isinstance(value, shape) or (shape is int and isinstance(value, bool)):
            raise _odd(value, place, shape.__name__)
        return value
    return shape(value, place)


def ANY(value: Any, _place: str) -> Any:  # noqa: N802 (a shape, like `str`)
    """Whatever it is."""
    return value


def maybe(shape: Shape) -> Callable[[Any, str], Any]:
    """The shape of what has no zero value."""
    return lambda value, place: fit(value, shape, place)


@dataclass(frozen=True)
class like:  # noqa: N801 (a shape, like `str`)
    """The shape of a text that a regular expression matches as a whole; it has no zero value."""

    pattern: str

    def __call__(self, value: Any, place: str) -> str:
        """The text, when it is one.

        Raises:
            Odd: it is not.
        """
        if not isinstance(value, str):
            raise _odd(value, place, "str")
        if not re.fullmatch(self.pattern, value):
            raise InvalidJson(f"{_where(place)} is {value[:80]!r}")
        return value


@dataclass(frozen=True)
class whole:  # noqa: N801 (a shape, like `str`)
    """The shape of an int from `low` to `high`."""

    low: int
    high: int

    def __call__(self, value: Any, place: str) -> int:
        """The value, when it is one.

        Raises:
            Odd: it is not.
        """
        if isinstance(value, bool) or not isinstance(value, int):
            raise _odd(value, place, "int")
        if not self.low <= value <= self.high:
            raise InvalidJson(f"{_where(place)} is not between {self.low} and {self.high}")
        return value


def _either(value: Any, shapes: tuple[Shape, ...], place: str) -> Any:
    *others, last = shapes
    for shape in others:
        with suppress(InvalidJson):
            return fit(value, shape, place)
    return fit(value, last, place)


def _list(value: Any, shape: Shape, place: str) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise _odd(value, place, "a list")
    return [fit(one, shape, f"{place}[{number}]") for number, one in enumerate(value)]


def _object(value: Any, shape: dict[Any, Shape], place: str) -> dict[str, Any]:
    if str in shape:
        if value is None:
            return {}
        if not isinstance(value, dict):
            raise _odd(value, place, "an object")
        return {key: fit(one, shape[str], f"{place}.{key}") for key, one in value.items()}
    if not isinstance(value, dict):
        raise _odd(value, place, "an object")
    fitted = dict(value)
    for written, below in shape.items():
        key, optional = written.rstrip("?"), written.endswith("?")
        if optional and fitted.get(key) is None:
            fitted.pop(key, None)
            if (zero := _zero(below)) is not None:
                fitted[key] = zero
        elif key not in fitted:
            raise InvalidJson(f"{_where(place)} has no {key}")
        else:
            fitted[key] = fit(fitted[key], below, f"{place}.{key}")
    return fitted


def _zero(shape: Shape) -> Any:
    if isinstance(shape, tuple):
        return _zero(shape[-1])
    if isinstance(shape, list):
        return []
    if isinstance(shape, dict):
        # Only the keys of an object are kept with `?`; one that needs a key has no zero value.
        whole_of = str in shape or all(key.endswith("?") for key in shape)
        return fit({}, shape) if whole_of else None
    if isinstance(shape, whole):
        return max(shape.low, min(0, shape.high))
    return shape() if isinstance(shape, type) else None


_WORDS = {
    "str": "a text", "int": "a number", "bool": "true or false", "NoneType": "null",
    "dict": "an object", "list": "a list", "float": "a number",
}  # fmt: skip


def _odd(value: Any, place: str, wanted: str) -> InvalidJson:
    found = _WORDS.get(type(value).__name__, type(value).__name__)
    return InvalidJson(f"{_where(place)} is {found}, not {_WORDS.get(wanted, wanted)}")


def _where(place: str) -> str:
    """A place in words: no longer than a line, whatever its keys are."""
    return repr(place.lstrip("."))[1:-1][:80] or "it"
