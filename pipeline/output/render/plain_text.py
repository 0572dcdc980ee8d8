"""A report for a terminal: 80 columns are enough, and so is black and white."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from functools import singledispatchmethod

from pipeline.lean_dataclasses import dataclass, replace
from pipeline.output.document import (
    Bullets,
    Cell,
    Code,
    Heatmap,
    KeyValues,
    Listing,
    Mark,
    Paragraph,
    Part,
    Report,
    Section,
    Size,
    Stacks,
    Table,
    Tree,
)
from pipeline.output.number_format import is_numeric, show_cell, show_share
from pipeline.output.output_filter import ESCAPE
from pipeline.output.paint import Paint
from pipeline.output.render.picture_text import picture_lines
from pipeline.output.shorten import cut_inside

_SIGNS = {"good": "✓ ", "bad": "✗ ", "warning": "! ", "plain": "", "quiet": ""}
_GAP = 2
_LEAST = 12
_SHADES = "·░▒▓█"


def render_text(
    report: Report, *, width: int = 80, colours: bool = False, escape: str = ESCAPE
) -> str:
    """The whole report, with a final newline.

    Args:
        width: columns of the terminal.
        colours: whether to paint; the text says the same without.
        escape: what begins a sequence of colours there.
    """
    writer = _TextWriter(max(width, 40), Paint(colours, escape))
    lines = [writer.paint.bold(report.title), *writer.wrap(report.lead)]
    for part in report.parts:
        lines += ["", *writer.part(part)]
    return "\n".join(line.rstrip() for line in lines) + "\n"


@dataclass(frozen=True)
class _TextWriter:
    width: int
    paint: Paint

    def wrap(self, text: str, indent: str = "") -> list[str]:
        return textwrap.wrap(
            text,
            self.width,
            initial_indent=indent,
            subsequent_indent=" " * len(indent),
            break_on_hyphens=False,
        ) or [""]

    @singledispatchmethod
    def part(self, part: Part) -> list[str]:
        raise NotImplementedError(type(part))

    @part.register
    def _(self, part: Section) -> list[str]:
        lines = [self.paint.bold(part.title)]
        for number, inner in enumerate(part.parts):
            lines += [*([""] if number else []), *self.part(inner)]
        return lines

    @part.register
    def _(self, part: Paragraph) -> list[str]:
        lines = self.wrap(_SIGNS[part.tone] + part.text)
        return [self.paint.tone(line, part.tone) for line in lines]

    @part.register
    def _(self, part: Bullets) -> list[str]:
        return [line for item in part.items for line in self.wrap(item, "- ")]

    @part.register
    def _(self, part: KeyValues) -> list[str]:
        names = max(len(name) for name, _ in part.pairs) + _GAP
        lines = []
        for name, value in part.pairs:
            first, *more = textwrap.wrap(show_cell(value), max(self.width - names, _LEAST)) or [""]
            lines.append(f"{name:{names}}{self.cell(value, first)}")
            lines += [" " * names + self.cell(value, line) for line in more]
        return lines

    @part.register
    def _(self, part: Table) -> list[str]:
        return [*self.caption(part.caption), *self.table(part.columns, part.rows)]

    @part.register
    def _(self, part: Stacks) -> list[str]:
        return [*self.caption(part.caption), *picture_lines(part, self.width, self.paint)]

    @part.register
    def _(self, part: Heatmap) -> list[str]:
        rows: tuple[tuple[Cell, ...], ...] = tuple(
            (name, *(Mark(f"{_shade(r) * 2} {show_share(r)}") for r, _ in cells))
            for name, cells in zip(part.rows, part.cells, strict=True)
        )
        columns = (part.corner, *part.columns)
        lines = self.table(columns, rows)
        unpainted = replace(self, paint=Paint(on=False)).table(columns, rows)
        if max(map(len, unpainted)) > self.width:
            lines = self.shades(part)
        return [*self.caption(part.caption), *lines]

    def shades(self, part: Heatmap) -> list[str]:
        """One sign per cell, for maps that are too wide."""
        names = min(max(len(name) for name in part.rows), self.width // 3)
        room = self.width - names - _GAP
        key = "A sign is a cell, a column is a version, in the order of the rows; █ is all."
        lines = [self.paint.tone(line, "quiet") for line in self.wrap(key)]
        lines += [
            f"{cut_inside(name, names):{names}}  {''.join(_shade(r) for r, _ in cells[-room:])}"
            for name, cells in zip(part.rows, part.cells, strict=True)
        ]
        if len(part.columns) > room:
            lines.append(f"(the last {room} columns)")
        return lines

    @part.register
    def _(self, part: Tree) -> list[str]:
        rows = tuple((Size(x.size), x.effect, Code(x.path), x.note) for x in part.leaves)
        lines = [*self.caption(part.heading), *self.table(("size", "", "path", ""), rows)]
        return [*lines, f"and {part.more} more"] if part.more else lines

    @part.register
    def _(self, part: Listing) -> list[str]:
        return [self.paint.tone(line, tone) for line, tone in part.lines]

    def caption(self, text: str) -> list[str]:
        return self.wrap(text) if text else []

    def cell(self, cell: Cell, text: str) -> str:
        return self.paint.tone(text, cell.tone) if isinstance(cell, Mark) else text

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[Cell]]) -> list[str]:
        if not rows:
            return ["(none)"]
        texts = [[self.shown(cell) for cell in row] for row in rows]
        kept = [n for n in range(len(columns)) if columns[n] or any(row[n] for row in texts)]
        widths = self.widths([columns[n] for n in kept], [[row[n] for n in kept] for row in texts])
        right = [is_numeric(rows, n) for n in kept]
        head = self.line([[columns[n]] for n in kept], widths, right, None)
        lines = [self.paint.tone(line, "quiet") for line in head]
        for row, shown in zip(rows, texts, strict=True):
            cells = [
                textwrap.wrap(shown[n], w, break_on_hyphens=False) or [""]
                for n, w in zip(kept, widths, strict=True)
            ]
            lines += self.line(cells, widths, right, [row[n] for n in kept])
        return lines

    def shown(self, cell: Cell) -> str:
        sign = _SIGNS[cell.tone] if isinstance(cell, Mark) else ""
        return " ".join(f"{sign}{show_cell(cell)}".split())

    def widths(self, columns: Sequence[str], texts: Sequence[Sequence[str]]) -> list[int]:
        """As wide as the text; the widest column gives way first."""
        widths = [
            max(len(columns[n]), *(len(row[n]) for row in texts)) for n in range(len(columns))
        ]
        while sum(widths) + _GAP * (len(widths) - 1) > self.width and max(widths) > _LEAST:
            widths[widths.index(max(widths))] -= 1
        return widths

    def line(
        self,
        cells: Sequence[Sequence[str]],
        widths: Sequence[int],
        right: Sequence[bool],
        row: Sequence[Cell] | None,
    ) -> list[str]:
        lines = []
        for at in range(max(len(cell) for cell in cells)):
            shown = []
            for n, cell in enumerate(cells):
                text = cell[at] if at < len(cell) else ""
                text = text.rjust(widths[n]) if right[n] else text.ljust(widths[n])
                shown.append(self.cell(row[n], text) if row else text)
            lines.append((" " * _GAP).join(shown))
        return lines


def _shade(ratio: float) -> str:
    """Darker for more; only the whole is quite dark."""
    return _SHADES[int(ratio * (len(_SHADES) - 1))]
