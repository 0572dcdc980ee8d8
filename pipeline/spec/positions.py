"""Where every key and every value of a TOML document stands.

tomli gives values without places. This scanner walks once over a text that tomli has accepted,
so it has to find where things begin and end, and nothing else: it checks nothing and converts
nothing but the escapes of quoted keys. Time and space grow linearly with the text.
"""

from __future__ import annotations

import re
from bisect import bisect_right

from pipeline.lean_dataclasses import dataclass, field
from pipeline.lean_re import lazy_pattern
from pipeline.spec.problem import KeyPath

Span = tuple[int, int]
"""Where something begins, and one past its end, in characters from the text's beginning."""

_BLANK = lazy_pattern(r"[ \t]*")
_GAP = lazy_pattern(r"(?:[ \t\r\n]|#[^\n]*)*")
_KEY_PART = lazy_pattern(r"[A-Za-z0-9_-]+|\"(?:[^\"\\\n]|\\.)*\"|'[^'\n]*'")
_SCALAR = lazy_pattern(
    r'"""(?:[^"\\]|\\[\s\S]|"{1,2}(?!"))*"{3,5}'
    r"|'''(?:[^']|'{1,2}(?!'))*'{3,5}"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'[^'\n]*'"
    r"|[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[^\s,\]}#]+"  # a date and a time with a space between
    r"|[^\s,\]}#]+"
)


@dataclass(frozen=True)
class Position:
    """A place in a text; lines and columns count from 1, columns in characters.

    Attributes:
        end_column: one past the last character on that line.
    """

    line: int
    column: int
    end_column: int


@dataclass
class Positions:
    """The places of a document's keys and values.

    Attributes:
        keys: of each path but those of list entries: its last key, where it is first written.
        values: of each path: its value; of a table with a header, the header.
    """

    text: str
    keys: dict[KeyPath, Span] = field(default_factory=dict)
    values: dict[KeyPath, Span] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._line_starts = [0, *(match.end() for match in re.finditer("\n", self.text))]

    def place(self, path: KeyPath, *, on_key: bool = False) -> Position:
        """The place of a value, or of its key; of what is not written, the nearest thing above."""
        for length in range(len(path), 0, -1):
            above = path[:length]
            wanted, other = (self.keys, self.values) if on_key else (self.values, self.keys)
            span = wanted.get(above) or other.get(above)
            if span is not None:
                return self.place_of(span)
        return Position(1, 1, 1)

    def place_of(self, span: Span) -> Position:
        """A span as a place; it is cut at the end of its first line."""
        start, end = span
        line = bisect_right(self._line_starts, start)
        begin = self._line_starts[line - 1]
        if line < len(self._line_starts):
            end = min(end, self._line_starts[line] - 1)
        return Position(line, start - begin + 1, max(end - begin, start - begin) + 1)


def positions(text: str) -> Positions:
    """The places of everything in `text`.

    Args:
        text: a TOML document without a byte order mark, as tomli has accepted it.
    """
    found = Positions(text)
    _TomlScanner(text, found).scan()
    return found


class _TomlScanner:
    """One walk over a document; `_at` is where it has come to."""

    def __init__(self, text: str, found: Positions) -> None:
        self._text = text
        self._found = found
        self._at = 0
        self._lengths: dict[KeyPath, int] = {}  # of the arrays of tables met so far

    def scan(self) -> None:
        table: KeyPath = ()
        self._skip(_GAP)
        while self._at < len(self._text):
            if self._text[self._at] == "[":
                table = self._header()
            else:
                self._assignment(table)
            self._skip(_GAP)

    def _header(self) -> KeyPath:
        start = self._at
        brackets = 2 if self._text.startswith("[[", start) else 1
        self._at += brackets
        path: KeyPath = ()
        parts = self._key()
        self._at += brackets
        span = (start, self._at)
        for index, (name, where) in enumerate(parts):
            path = (*path, name)
            self._found.keys.setdefault(path, where)
            self._found.values.setdefault(path, span)
            if path in self._lengths and (index < len(parts) - 1 or brackets == 1):
                path = (*path, self._lengths[path] - 1)
        if brackets == 1:
            self._found.keys[path] = parts[-1][1]
            self._found.values[path] = span
            return path
        count = self._lengths.get(path, 0)
        self._lengths[path] = count + 1
        path = (*path, count)
        self._found.values[path] = span
        return path

    def _assignment(self, table: KeyPath) -> None:
        parts = self._key()
        self._at += 1  # the equals sign
        self._skip(_BLANK)
        path, start = table, parts[0][1][0]
        for name, where in parts:
            path = (*path, name)
            self._found.keys.setdefault(path, where)
        self._value(path)
        for length in range(len(table) + 1, len(path)):
            self._found.values.setdefault(path[:length], (start, self._at))

    def _key(self) -> list[tuple[str, Span]]:
        parts = []
        while True:
            self._skip(_BLANK)
            span = self._skip(_KEY_PART)
            parts.append((_key_name(self._text[slice(*span)]), span))
            self._skip(_BLANK)
            if self._text[self._at] != ".":
                return parts
            self._at += 1

    def _value(self, path: KeyPath) -> None:
        start = self._at
        if self._text[start] == "[":
            self._list(path)
        elif self._text[start] == "{":
            self._inline_table(path)
        else:
            self._skip(_SCALAR)
        self._found.values[path] = (start, self._at)

    def _list(self, path: KeyPath) -> None:
        self._at += 1
        index = 0
        while self._next_entry("]"):
            self._value((*path, index))
            index += 1

    def _inline_table(self, path: KeyPath) -> None:
        self._at += 1
        while self._next_entry("}"):
            self._assignment(path)

    def _next_entry(self, end: str) -> bool:
        """Go to the next entry of a list or inline table; False after its closing bracket."""
        self._skip(_GAP)
        if self._text[self._at] == ",":
            self._at += 1
            self._skip(_GAP)
        if self._text[self._at] == end:
            self._at += 1
            return False
        return True

    def _skip(self, pattern: re.Pattern[str]) -> Span:
        match = pattern.match(self._text, self._at)
        if match is None:  # tomli has accepted the text, so this is a defect of this scanner
            raise ValueError(f"no {pattern.pattern} at {self._at}")
        self._at = match.end()
        return match.span()


def _key_name(written: str) -> str:
    if written[0] == "'":
        return written[1:-1]
    if written[0] != '"':
        return written
    if "\\" not in written:
        return written[1:-1]
    import tomli  # noqa: PLC0415 (only for keys with escapes)

    return str(tomli.loads(f"key = {written}")["key"])
