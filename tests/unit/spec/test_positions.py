"""The scanner against documents that were written with a note of what went where."""

from __future__ import annotations

import datetime
import os
from typing import Any

import tomli
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.spec.positions import Position, Span, positions
from pipeline.spec.problem import KeyPath

EXAMPLE = """\
# a comment with "quotes" and [brackets]
name = "x"
site."a.b".'c d' = 1
[[groups]]
n = 1
[groups.sub]
k = { a = 1, "b.c" = [ 2, { d = 3 } ] }
[[groups]]
list = [
  "one", # , "not this"
  \"\"\"two
  lines\"\"\",
]
[ a . "b\\u0041" ]
when = 2026-01-01 10:00:00 # later
"""


def test_places_of_each_kind() -> None:
    found = positions(EXAMPLE)

    assert found.place(("name",)) == Position(2, 8, 11)
    assert found.place(("name",), on_key=True) == Position(2, 1, 5)
    assert found.place(("site", "a.b", "c d")) == Position(3, 20, 21)
    assert found.place(("site", "a.b"), on_key=True) == Position(3, 6, 11)
    assert found.place(("groups", 0)) == Position(4, 1, 11)
    assert found.place(("groups", 0, "sub", "k", "b.c", 1, "d")) == Position(7, 33, 34)
    assert found.place(("groups", 0, "sub", "k", "b.c"), on_key=True) == Position(7, 14, 19)
    assert found.place(("groups", 1)) == Position(8, 1, 11)
    assert found.place(("groups", 1, "list", 0)) == Position(10, 3, 8)
    assert found.place(("groups", 1, "list", 1)) == Position(11, 3, 9)
    assert found.place(("a", "bA"), on_key=True) == Position(14, 7, 16)
    assert found.place(("a", "bA", "when")) == Position(15, 8, 27)


def test_what_is_not_written_has_the_place_of_what_is_around_it() -> None:
    found = positions(EXAMPLE)

    assert found.place(("groups", 0, "sub", "missing"), on_key=True) == Position(6, 9, 12)
    assert found.place(("missing", 3)) == Position(1, 1, 1)


def test_inline_tables_over_several_lines_as_toml_1_1_has_them() -> None:
    found = positions("a = {\n  b = 1, # c\n  d = [2,],\n}\nwhen = 07:30\n")

    assert found.place(("a", "b")) == Position(2, 7, 8)
    assert found.place(("a", "d", 0)) == Position(3, 8, 9)
    assert found.place(("when",)) == Position(5, 8, 13)


names = st.one_of(
    st.sampled_from(["a", "b", "key", "x-y", "1", "1.10", "naïve", 'quo"te', "sp ace", "", "ß\t"]),
    st.text(max_size=6),
)
texts = st.text(max_size=12)
scalars = st.one_of(
    st.integers(-(2**63), 2**63 - 1),
    st.booleans(),
    texts,
    st.floats(allow_nan=False),
    st.datetimes(min_value=datetime.datetime(1000, 1, 1)),
    st.dates(min_value=datetime.date(1000, 1, 1)),
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
    max_leaves=12,
)
documents = st.dictionaries(names, values, max_size=6)


class Writer:
    """Writes a document in one of the many ways that TOML has for it, and notes what went where."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.newline = draw(st.sampled_from(["\n", "\r\n"]))
        self.text = ""
        self.keys: dict[KeyPath, Span] = {}
        self.values: dict[KeyPath, Span] = {}

    def pick(self, *choices: str) -> str:
        return self.draw(st.sampled_from(choices))

    def put(self, text: str) -> Span:
        start = len(self.text)
        self.text += text
        return start, len(self.text)

    def table(self, data: dict[str, Any], path: KeyPath) -> None:
        below: list[tuple[str, Any]] = []
        for name, value in data.items():
            tables = value if isinstance(value, list) and value else [value]
            if all(isinstance(item, dict) for item in tables) and self.draw(st.booleans()):
                below.append((name, value))
            else:
                self.assignment(path, (name,), value)
                self.line_end()
        for name, value in below:
            if isinstance(value, list):
                for index, item in enumerate(value):
                    self.header((*path, name), index)
                    self.table(item, (*path, name, index))
            else:
                only_tables = value and all(isinstance(item, dict) for item in value.values())
                if only_tables and self.draw(st.booleans()):
                    for key, item in value.items():  # a table that only the headers below imply
                        self.header((*path, name, key))
                        self.table(item, (*path, name, key))
                else:
                    self.header((*path, name))
                    self.table(value, (*path, name))

    def header(self, path: KeyPath, index: int | None = None) -> None:
        start = self.put("[" if index is None else "[[")[0]
        seen: list[KeyPath] = []
        for position, part in enumerate(path):
            if isinstance(part, int):
                continue
            if seen:
                self.put(self.pick(".", " . "))
            where = self.put(self.key(part))
            self.keys.setdefault(path[: position + 1], where)
            seen.append(path[: position + 1])
        end = self.put("]" if index is None else "]]")[1]
        for above in seen:
            self.values.setdefault(above, (start, end))
        if index is not None:
            entry: KeyPath = (*path, index)
            self.values[entry] = (start, end)
        self.line_end()

    def assignment(self, table: KeyPath, parts: tuple[str, ...], value: Any) -> None:
        if isinstance(value, dict) and value and self.draw(st.booleans()):
            for index, (name, item) in enumerate(value.items()):
                if index:
                    self.separate(table)
                self.assignment(table, (*parts, name), item)
            return
        start = len(self.text)
        path = table
        for index, part in enumerate(parts):
            if index:
                self.put(self.pick(".", " .\t"))
            path = (*path, part)
            self.keys.setdefault(path, self.put(self.key(part)))
        self.put(self.pick("=", " = "))
        end = self.value(value, path)
        for length in range(len(table) + 1, len(path)):
            self.values.setdefault(path[:length], (start, end))

    def separate(self, table: KeyPath) -> None:
        self.put(", ") if self.inline else self.line_end()

    inline = 0

    def line_end(self) -> None:
        self.put(self.pick("", "", ' # ]}\'""" , = [x]', "\t#") + self.newline)
        self.put(self.pick("", "", self.newline, f"#{self.newline}", "  "))

    def key(self, name: str) -> str:
        if name and name.isascii() and name.replace("-", "").replace("_", "").isalnum():
            return name
        return self.quoted(name, multiline=False)

    def quoted(self, text: str, *, multiline: bool = True) -> str:
        if text.isprintable() and "'" not in text and self.draw(st.booleans()):
            return self.pick(f"'{text}'", f"'''{text}'''") if multiline else f"'{text}'"
        body = "".join(
            c if c.isprintable() and c not in '"\\' else f"\\U{ord(c):08x}" for c in text
        )
        if not multiline or self.draw(st.booleans()):
            return f'"{body}"'
        first = self.pick("", self.newline)
        last = self.pick("", f"\\{self.newline}   ", '"' if body else "", '""' if body else "")
        return f'"""{first}{body}{last}"""'

    def value(self, value: Any, path: KeyPath) -> int:
        start = len(self.text)
        if isinstance(value, (list, dict)):
            self.entries(value, path)
        elif isinstance(value, bool):
            self.put("true" if value else "false")
        elif isinstance(value, str):
            self.put(self.quoted(value))
        elif isinstance(value, datetime.datetime):
            self.put(value.isoformat(self.pick(" ", "T")))
        elif isinstance(value, datetime.date):
            self.put(value.isoformat())
        else:
            self.put(repr(value))
        self.values[path] = (start, len(self.text))
        return len(self.text)

    def entries(self, value: list[Any] | dict[str, Any], path: KeyPath) -> None:
        if isinstance(value, dict):
            self.inline += 1
            self.put("{" + self.pick(" ", ""))
            for index, (name, item) in enumerate(value.items()):
                self.put(", " if index else "")
                self.assignment(path, (name,), item)
            self.put(self.pick(" ", "") + "}")
            self.inline -= 1
            return
        self.put("[")
        for index, item in enumerate(value):
            self.put("," if index else "")
            self.gap()
            self.value(item, (*path, index))
            self.gap()
        self.put(self.pick("", ",") if value else "")
        self.gap()
        self.put("]")

    def gap(self) -> None:
        self.put(self.pick("", " ", self.newline, f' # ],"{self.newline}\t'))


@st.composite
def written(draw: st.DrawFn) -> Writer:
    writer = Writer(draw)
    writer.put(writer.pick("", writer.newline, f"# x = 1{writer.newline}"))
    writer.table(draw(documents), ())
    return writer


@settings(
    max_examples=int(os.environ.get("CAPAS_FUZZ", "200")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(written())
def test_every_key_and_value_is_found_where_it_was_written(document: Writer) -> None:
    tomli.loads(document.text)

    found = positions(document.text)

    assert found.keys == document.keys
    assert found.values == document.values
