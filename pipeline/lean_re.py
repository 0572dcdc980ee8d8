"""`re.compile` at the first use: a command imports eighty patterns, 7 ms, and uses few."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any


class _Pattern:
    """A pattern until one of its methods is asked for."""

    def __init__(self, text: Any, flags: int = 0) -> None:
        self._told = (text, flags)

    def __getattr__(self, name: str) -> Any:
        found = getattr(re.compile(*self._told), name)  # `re` keeps what it has compiled
        vars(self)[name] = found
        return found


if TYPE_CHECKING:
    from re import compile as lazy_pattern
else:
    lazy_pattern = _Pattern

__all__ = ["lazy_pattern"]
