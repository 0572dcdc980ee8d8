"""Paths and name patterns as Go's path/filepath has them, because Buildah does."""

from __future__ import annotations

import posixpath
import re
from functools import lru_cache

from pipeline.lean_dataclasses import dataclass

META = frozenset("*?[\\")
"""Characters that make Go take a name for a pattern."""


class BadPattern(ValueError):
    """A pattern that Go refuses; its text says why."""


def clean(path: str) -> str:
    """The shortest equal path (`filepath.Clean`): no `.`, no `//`, `..` resolved by name only."""
    cleaned = posixpath.normpath(path)
    return cleaned[1:] if cleaned.startswith("//") else cleaned


def has_meta(text: str) -> bool:
    """Whether Go takes `text` for a pattern."""
    return not META.isdisjoint(text)


@dataclass(frozen=True)
class NamePattern:
    """A pattern over one name (`filepath.Match`), cut at its stars.

    Attributes:
        chunks: what stands between the stars; each matches as many characters as it has items.
        star_first: whether the pattern begins with a star.
    """

    chunks: tuple[re.Pattern[str], ...]
    star_first: bool

    def matches(self, name: str) -> bool:
        """Whether the whole of a name without slashes fits, in time linear in its length.

        The leftmost place for a chunk is as good as any: the star behind it takes the rest.
        """
        chunks, position = list(self.chunks), 0
        if not self.star_first:
            first = chunks.pop(0).match(name)
            if first is None or (not chunks and first.end() != len(name)):
                return False
            position = first.end()
        if not chunks:
            return True
        for chunk in chunks[:-1]:
            found = chunk.search(name, position)
            if found is None:
                return False
            position = found.end()
        ends = (chunks[-1].fullmatch(name, at) for at in range(position, len(name) + 1))
        return any(ends)


@lru_cache(maxsize=1024)
def name_pattern(pattern: str) -> NamePattern:
    """The pattern that `pattern` writes.

    Raises:
        BadPattern: a class or an escape is not finished.
    """
    chunks, position = [""], 0
    while position < len(pattern):
        char = pattern[position]
        if char == "*":
            if chunks[-1] or len(chunks) == 1:
                chunks.append("")
            position += 1
            continue
        if char == "[":
            piece, position = _class(pattern, position)
        elif char == "?":
            piece, position = "[^/]", position + 1
        else:
            literal, position = _escaped(pattern, position)
            piece = re.escape(literal)
        chunks[-1] += piece
    star_first = len(chunks) > 1 and not chunks[0]
    used = chunks[1:] if star_first else chunks
    return NamePattern(tuple(re.compile(chunk, re.DOTALL) for chunk in used), star_first)


def _escaped(pattern: str, position: int) -> tuple[str, int]:
    if pattern[position] != "\\":
        return pattern[position], position + 1
    if position + 1 == len(pattern):
        raise BadPattern("a backslash at its end")
    return pattern[position + 1], position + 2


def _class(pattern: str, position: int) -> tuple[str, int]:
    position += 1
    negated = pattern.startswith("^", position)
    position += negated
    ranges: list[str] = []
    while not (ranges and pattern.startswith("]", position)):
        low, position = _class_char(pattern, position)
        high = low
        if pattern.startswith("-", position):
            high, position = _class_char(pattern, position + 1)
        if low <= high:
            ranges.append(f"{re.escape(low)}-{re.escape(high)}")
        else:
            ranges.append("")  # an empty range matches nothing, and Go does not mind
    inside = "".join(ranges)
    if not inside:
        return ("." if negated else "(?!)"), position + 1
    return f"[{'^' if negated else ''}{inside}]", position + 1


def _class_char(pattern: str, position: int) -> tuple[str, int]:
    if position >= len(pattern):
        raise BadPattern("a [ without its ]")
    if pattern[position] in "-]":
        raise BadPattern(f"{pattern[position]!r} where a class needs a character")
    char, position = _escaped(pattern, position)
    if position >= len(pattern):
        raise BadPattern("a [ without its ]")
    return char, position
