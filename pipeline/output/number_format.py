"""Numbers as people read them. Decimal units, as `podman images` and networks count."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.output.document import Cell, Code, Mark, Share, Size

_UNITS = ("B", "kB", "MB", "GB", "TB")


def show_bytes(size: int | None) -> str:
    """`52.6 MB`; three digits are enough to compare."""
    if size is None:
        return "not measured"
    value, unit = float(size), 0
    while abs(value) >= 999.5 and unit < len(_UNITS) - 1:
        value /= 1000
        unit += 1
    if unit == 0:
        return f"{size} B"
    return f"{value:.{2 if abs(value) < 9.995 else 1 if abs(value) < 99.95 else 0}f} {_UNITS[unit]}"


def show_share(ratio: float) -> str:
    """`97 %`, `99.93 %`; never 0 % or 100 % of something that is not none or all."""
    percent = ratio * 100
    if 0 < percent < 1 or 99 < percent < 100:
        return f"{min(max(percent, 0.01), 99.99):.2f} %"
    return f"{percent:.0f} %"


def show_cell(cell: Cell) -> str:
    """A cell as plain text."""
    if isinstance(cell, Size):
        return show_bytes(cell.bytes)
    if isinstance(cell, Share):
        return show_share(cell.ratio)
    if isinstance(cell, Mark | Code):
        return cell.text
    return str(cell)


def is_number(cell: Cell) -> bool:
    """Whether a cell stands right in its column."""
    return isinstance(cell, Size | Share | int)


def is_numeric(rows: Sequence[Sequence[Cell]], column: int) -> bool:
    """Whether a column of a table holds numbers only."""
    return bool(rows) and all(is_number(row[column]) for row in rows)
