"""JSON that anybody may have written: whatever it is, it is a value or a `ValueError`."""

from __future__ import annotations

import json
from typing import Any


class InvalidJson(ValueError):
    """What was read is not what it should be; the message says why."""


def parse_json(raw: bytes | str) -> Any:
    """A JSON text as Python's values.

    Raises:
        ValueError: it is not JSON, or nested too deep to be read.
    """
    try:
        return json.loads(raw)
    except RecursionError:
        raise InvalidJson("it is nested too deep") from None
