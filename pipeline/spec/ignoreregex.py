"""The regular expression that Buildah makes of an ignore pattern, for Python's `re`.

Facts from containers/storage `pkg/fileutils` (`Pattern.compile`) and Go's regexp/syntax. Buildah
escapes only `.` and `$`: every other operator of Go's expressions works, wanted or not.
"""

from __future__ import annotations

import re
from itertools import pairwise

from pipeline.lean_re import lazy_pattern
from pipeline.spec.gopath import BadPattern

_STAR = "[^/]*"
_DEEP = "(.*/)?"
_BELOW = "(/.*)?"
_REPEAT = lazy_pattern(r"\{\d{1,4}(,\d{0,4})?\}", re.ASCII)
_CONTROLS = {"a": "\a", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_SAME_ESCAPES = frozenset("dDsSwWbBA")
_OPERATORS = frozenset("+(){}|^[]\\")


def translate(pattern: str) -> re.Pattern[str]:
    """The expression of a cleaned pattern; it is meant for `search`, as in Go: `|` ends its `^`.

    Raises:
        BadPattern: Go could not compile it.
    """
    parts = _parts(pattern.removeprefix("\ufeff"))
    plain = _OPERATORS.isdisjoint(pattern)
    body = _without_backtracking(parts) if plain else _from_go("".join(parts))
    try:
        return re.compile(f"^{body}{_BELOW}\\Z", re.ASCII)
    except (re.error, OverflowError, RecursionError) as error:
        raise BadPattern(f"an expression that cannot be read ({error})") from None


def _parts(pattern: str) -> list[str]:
    """The pieces of Go's expression, in order; each star is a piece of its own."""
    parts: list[str] = []
    position = 0
    while position < len(pattern):
        char = pattern[position]
        position += 1
        if char == "*" and pattern.startswith("*", position):
            position += 1 + pattern.startswith("/", position + 1)
            deep = _DEEP if position < len(pattern) else ".*"
            if parts[-1:] != [deep]:  # twice in a row is no more than once
                parts.append(deep)
        elif char == "*":
            parts.append(_STAR)
        elif char == "?":
            parts.append("[^/]")
        elif char == "\\":
            if position == len(pattern):
                raise BadPattern("a backslash at its end")
            parts.append(char + pattern[position])
            position += 1
        else:
            parts.append(f"\\{char}" if char in ".$" else char)
    return parts


def _without_backtracking(parts: list[str]) -> str:
    """The expression of a pattern without operators, linear where it has many stars.

    What stands between two stars may as well be found at its leftmost place, because the second
    star takes whatever follows: the look-ahead fixes that place (Python has no atomic groups
    before 3.11).
    """
    stars = [index for index, part in enumerate(parts) if part == _STAR]
    opening = {
        one: f"(?=(?P<s{one}>[^/]*?" for one, two in pairwise(stars) if _DEEP not in parts[one:two]
    }
    written: list[str] = []
    waiting = ""
    for index, part in enumerate(parts):
        if part == _STAR:
            written.append(waiting)
            waiting = f"))(?P=s{index})" if index in opening else ""
            written.append(opening.get(index, _STAR))
        else:
            written.append(part if len(part) > 1 else re.escape(part))
    return "".join([*written, waiting])


def _from_go(expression: str) -> str:
    """A Go expression as one of Python's, where the two differ."""
    written: list[str] = []
    position, repeated = 0, False
    while position < len(expression):
        char = expression[position]
        repeat = _REPEAT.match(expression, position)
        if char in "*+?" or repeat:
            if repeated:
                raise BadPattern("two repetitions in a row")
            piece = repeat[0] if repeat else char
            end = position + len(piece)
            repeated = True
        else:
            piece, end = _atom(expression, position)
            repeated = False
        written.append(piece)
        position = end
    return "".join(written)


def _atom(expression: str, position: int) -> tuple[str, int]:
    char = expression[position]
    if char == "\\":
        return _escape(expression[position + 1]), position + 2
    if char == "[":
        return _class(expression, position)
    if char in "().|^":
        return char, position + 1
    return re.escape(char), position + 1


def _escape(char: str) -> str:
    if char in _SAME_ESCAPES:
        return f"\\{char}"
    if char in _CONTROLS:
        return re.escape(_CONTROLS[char])
    if char.isalnum() or not char.isascii():
        raise BadPattern(f"an escape \\{char} that cannot be read")
    return re.escape(char)


def _class(expression: str, position: int) -> tuple[str, int]:
    start = position
    position += 1
    negated = expression.startswith("^", position)
    position += negated
    items: list[str] = []
    while not (items and expression.startswith("]", position)):
        item, position = _class_char(expression, position)
        if expression.startswith("-", position) and not expression.startswith("-]", position):
            high, position = _class_char(expression, position + 1)
            item = f"{item}-{high}"
        items.append(item)
        if position >= len(expression):
            raise BadPattern(f"a class {expression[start:]} without its ]")
    return f"[{'^' if negated else ''}{''.join(items)}]", position + 1


def _class_char(expression: str, position: int) -> tuple[str, int]:
    char = expression[position : position + 1]
    if not char or expression.startswith("[:", position):
        raise BadPattern("a class that cannot be read")
    if char == "\\":
        return _escape(expression[position + 1]), position + 2
    return re.escape(char), position + 1
