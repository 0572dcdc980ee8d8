"""The main picture of a report as one SVG file, for slides and documents."""

from __future__ import annotations

from collections.abc import Iterator
from xml.sax.saxutils import escape, quoteattr

from pipeline.output.document import Part, Report, Section, Stacks
from pipeline.output.render.picture_layout import Drawing, DrawnBlock, DrawnStack, draw
from pipeline.output.shorten import cut, cut_inside

_WIDTH, _GAP, _MARGIN, _HEAD, _SPACE = 190, 26, 24, 92, 3
_KEY = 20
_LETTER = 6.6
_NAME_LETTER = 8.4
_LINE = 15
_TWO_LINES = 40
_TINTS = (
    ("#a4dde4", "#1d4f56"),
    ("#ead0a2", "#574018"),
    ("#b9e0b7", "#2a5030"),
    ("#f6c2bd", "#5f3633"),
    ("#cfcdfa", "#434169"),
    ("#dbd79c", "#4b4716"),
    ("#f2c0dc", "#5c3550"),
    ("#b6d3f6", "#2d4867"),
)
_STYLE = """
text { font-family: system-ui, "Helvetica Neue", "DejaVu Sans", sans-serif; fill: #1c1e21; }
.paper { fill: #fbfbf9; } .title { font-size: 22px; font-weight: 650; }
.name { font-size: 14px; font-weight: 620; } .soft { font-size: 13px; fill: #5b6168; }
.label { font-size: 12px; font-weight: 500; } .size { font-size: 11.5px; }
.alone { fill: #ffffff; stroke: #0b6e69; stroke-width: 1.5; } .join { opacity: .38; }
"""
_DARK = """
text { fill: #eceded; } .paper { fill: #141618; } .soft { fill: #a3a9b0; }
.alone { fill: #1b1e21; stroke: #5cc8bf; }
"""


def render_svg(report: Report) -> str:
    """The first picture of the report; an empty one when it has none."""
    picture = next(_pictures(report.parts), Stacks("", ()))
    drawing = draw(picture)
    heights = [sum(block.log + _SPACE for block in stack.blocks) for stack in drawing.stacks]
    tallest = max(heights, default=0)
    columns = len(drawing.stacks)
    width = max(2 * _MARGIN + columns * _WIDTH + max(columns - 1, 0) * _GAP, 480)
    height = _MARGIN + _HEAD + 44 + tallest + 2 * _KEY + _MARGIN
    bottom = height - _MARGIN - 2 * _KEY
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" role="img" aria-labelledby="title desc">'
    )
    lines = [
        svg,
        f'<title id="title">{escape(report.title)}</title>',
        f'<desc id="desc">{escape(_words(drawing))}</desc>',
        f"<style>{_STYLE}{_tint_rules(0)}",
        f"@media (prefers-color-scheme: dark) {{{_DARK}{_tint_rules(1)}}}</style>",
        f'<rect class="paper" width="{width}" height="{height}"/>',
        _text("title", _MARGIN, _MARGIN + 22, report.title),
        *_lead(report.lead, width),
        *_key(height - _MARGIN - _KEY),
    ]
    for number, stack in enumerate(drawing.stacks):
        x = _MARGIN + number * (_WIDTH + _GAP)
        lines += _stack(stack, x, bottom, bottom - heights[number])
    return "\n".join([*lines, "</svg>"]) + "\n"


def _stack(stack: DrawnStack, x: int, bottom: int, top: int) -> Iterator[str]:
    yield f"<g><title>{escape(stack.name)}</title>"
    yield _text("name", x, top - 26, cut_inside(stack.name, int(_WIDTH / _NAME_LETTER)))
    yield _text("soft", x, top - 9, stack.total)
    y = bottom
    for block in stack.blocks:
        y -= block.log + _SPACE
        yield from _block(block, x, y)
    yield "</g>"


def _pictures(parts: tuple[Part, ...]) -> Iterator[Stacks]:
    for part in parts:
        if isinstance(part, Stacks):
            yield part
        elif isinstance(part, Section):
            yield from _pictures(part.parts)


def _block(block: DrawnBlock, x: int, y: int) -> Iterator[str]:
    look = "alone" if block.alone else f"tint{block.tint}"
    said = f"{block.label}, {block.size}, {block.role}"
    yield f"<g><title>{escape(said)}</title>"
    if block.joins:
        yield (
            f'<rect class="join {look}" x="{x + _WIDTH}" y="{y}" width="{_GAP}" '
            f'height="{block.log}"/>'
        )
    yield (
        f'<rect class={quoteattr(look)} x="{x}" y="{y}" width="{_WIDTH}" height="{block.log}" '
        'rx="6"/>'
    )
    middle = y + block.log / 2 + 4
    if block.log >= _TWO_LINES:
        yield _text("label", x + 10, middle - _LINE / 2, _cut(block.label, _WIDTH - 20))
        yield _text("size", x + 10, middle + _LINE / 2, block.size)
    else:
        room = _WIDTH - 20 - (len(block.size) + 1) * _LETTER
        yield _text("label", x + 10, middle, _cut(block.label, room))
        yield _text("size", x + _WIDTH - 10, middle, block.size, end=True)
    yield "</g>"


def _lead(text: str, width: int) -> Iterator[str]:
    y, line = _MARGIN + 48, ""
    for word in text.split():
        if line and (len(line) + len(word) + 1) * 7.2 > width - 2 * _MARGIN:
            yield _text("soft", _MARGIN, y, line)
            y, line = y + 18, ""
        line = f"{line} {word}".strip()
    yield _text("soft", _MARGIN, y, line)


def _key(y: int) -> Iterator[str]:
    """What the two looks mean."""
    x = _MARGIN
    for look, words in (("tint0", "in several"), ("alone", "in one only")):
        yield f'<rect class="{look}" x="{x}" y="{y}" width="16" height="16" rx="4"/>'
        yield _text("soft", x + 24, y + 13, words)
        x += 130


def _text(look: str, x: float, y: float, text: str, *, end: bool = False) -> str:
    anchor = ' text-anchor="end"' if end else ""
    return f'<text class="{look}" x="{x:g}" y="{y:g}"{anchor}>{escape(text)}</text>'


def _cut(text: str, room: float) -> str:
    return cut(text, max(int(room / _LETTER), 1))


def _tint_rules(scheme: int) -> str:
    return " ".join(f".tint{n} {{ fill: {tint[scheme]}; }}" for n, tint in enumerate(_TINTS))


def _words(drawing: Drawing) -> str:
    """The picture in a sentence per stack, for who cannot see it."""
    return " ".join(
        f"{stack.name}, {stack.total}: {'; '.join(f'{b.label}, {b.size}' for b in stack.blocks)}."
        for stack in drawing.stacks
    )
