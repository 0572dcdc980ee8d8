"""A report as GitHub-flavoured Markdown, for a CI summary or a merge request."""

from __future__ import annotations

from functools import singledispatch

from pipeline.lean_re import lazy_pattern
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
from pipeline.output.number_format import is_numeric, show_bytes, show_cell, show_share

_BEGINNING = lazy_pattern(r"^(\d{1,9}(?=[.)](?:\s|$))|)([#+.)-])")
_SIGNS = {"good": "✅ ", "bad": "❌ ", "warning": "⚠️ ", "plain": "", "quiet": ""}


def render_markdown(report: Report) -> str:
    """The whole report, with a final newline."""
    blocks = [f"# {_text(report.title)}", _text(report.lead)]
    for part in report.parts:
        blocks += _render(part, 2)
    return "\n\n".join(block for block in blocks if block) + "\n"


@singledispatch
def _render(part: Part, level: int) -> list[str]:
    raise NotImplementedError(type(part))


@_render.register
def _(part: Section, level: int) -> list[str]:
    blocks = [f"{'#' * level} {_text(part.title)}"]
    for inner in part.parts:
        blocks += _render(inner, level + 1)
    return blocks


@_render.register
def _(part: Paragraph, _level: int) -> list[str]:
    return [_SIGNS[part.tone] + _text(part.text)]


@_render.register
def _(part: Bullets, _level: int) -> list[str]:
    return ["\n".join(f"- {_text(item)}" for item in part.items)]


@_render.register
def _(part: KeyValues, _level: int) -> list[str]:
    return ["\n".join(f"- {_text(name)}: {_cell(value)}" for name, value in part.pairs)]


@_render.register
def _(part: Table, _level: int) -> list[str]:
    numeric = [is_numeric(part.rows, n) for n in range(len(part.columns))]
    lines = [
        _row([_text(column) for column in part.columns]),
        _row(["--:" if right else "---" for right in numeric]),
        *(_row([_cell(cell) for cell in row]) for row in part.rows),
    ]
    return [_text(part.caption), "\n".join(lines)]


@_render.register
def _(part: Stacks, level: int) -> list[str]:
    rows = tuple(
        (stack.name, Code(block.label), Mark(block.role), show_bytes(block.size))
        for stack in part.stacks
        for block in stack.blocks
    )
    return _render(Table(("version", "layer", "", "size"), rows, part.caption), level)


@_render.register
def _(part: Heatmap, level: int) -> list[str]:
    rows = tuple(
        (name, *(show_share(ratio) for ratio, _ in cells))
        for name, cells in zip(part.rows, part.cells, strict=True)
    )
    return _render(Table((part.corner, *part.columns), rows, part.caption), level)


@_render.register
def _(part: Tree, level: int) -> list[str]:
    rows = tuple((Code(leaf.path), leaf.effect, Size(leaf.size)) for leaf in part.leaves)
    blocks = _render(Table(("path", "", "size"), rows, part.heading), level)
    return [*blocks, f"and {part.more} more"] if part.more else blocks


@_render.register
def _(part: Listing, _level: int) -> list[str]:
    fence = "```"
    while fence in part.text:
        fence += "`"
    kind = "diff" if part.kind == "diff" else ""
    return [f"{fence}{kind}\n{part.text.rstrip()}\n{fence}"]


def _cell(cell: Cell) -> str:
    if isinstance(cell, Code):
        return _code(cell.text)
    if isinstance(cell, Mark):
        return _SIGNS[cell.tone] + _text(cell.text)
    return _text(show_cell(cell))


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _code(text: str) -> str:
    """A code span that holds any text and does not end a table's cell."""
    flat = " ".join(text.split()).replace("|", "\\|")
    if not flat:
        return ""
    fence = "`"
    while fence in flat:
        fence += "`"
    return f"{fence} {flat} {fence}" if "`" in flat else f"`{flat}`"


def _text(text: str) -> str:
    """Text that means nothing to Markdown."""
    flat = " ".join(text.split())
    for sign in "\\`*_[]<>|&~":
        flat = flat.replace(sign, f"\\{sign}")
    # At the beginning of a line a few signs more begin a heading, a list or a rule.
    return _BEGINNING.sub(r"\1\\\2", flat)
