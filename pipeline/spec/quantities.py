"""Durations and sizes as people write them."""

from __future__ import annotations

import math
import re

from pipeline.lean_re import lazy_pattern
from pipeline.spec.problem import BadForm

_SECONDS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_DURATION_PART = lazy_pattern(r"([0-9]+(?:\.[0-9]+)?)(us|ms|s|m|h)")
_SIZE = lazy_pattern(r"([0-9]+(?:\.[0-9]+)?)([kmgt]?)i?b?", re.IGNORECASE)
_POWER = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}


def seconds(text: str) -> float:
    """Seconds of a duration such as `1m30s` (Compose's and Go's form).

    Raises:
        BadForm: not a duration.
    """
    parts = _DURATION_PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise BadForm("is not a duration", "write `1s`, `1m30s` or `500ms`")
    return float(sum(float(number) * _SECONDS[unit] for number, unit in parts))


def whole_seconds(duration: float) -> int:
    """A duration for what knows whole seconds only: rounded up, for 0 means "kill at once" there.

    What a decimal fraction loses as a binary one (1e-9 s) is no second more.
    """
    return math.ceil(round(duration, 6))


def decimal(number: float) -> str:
    """A number of seconds or processors as a decimal without an exponent: `0.5`, `1000000`.

    Six places hold a microsecond, the smallest duration that a spec can have.
    """
    return f"{number:.6f}".rstrip("0").rstrip(".")


def size_in_bytes(value: int | str) -> int:
    """Bytes of a size such as `512m`; units are powers of 1024, as in Podman and Compose.

    Raises:
        BadForm: not a size.
    """
    if isinstance(value, int):
        return value
    match = _SIZE.fullmatch(value)
    if match is None:
        raise BadForm("is not a size", "write `512m`, `1.5g` or a number of bytes")
    number, unit = match.groups()
    return int(float(number) * 1024 ** _POWER[unit.lower()])
