"""The main picture in a terminal: one row per version, one block per layer, the lowest left.

A layer has one letter and one colour wherever it occurs, so the picture reads without colours:
stars stand for what a version has first. Where the letters have no room there are signs only.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence

from pipeline.output.document import Block, Stack, Stacks
from pipeline.output.number_format import show_bytes
from pipeline.output.paint import Paint
from pipeline.output.shorten import cut, cut_inside

_NAME_AT_MOST = 20
_LEGEND_AT_MOST = 40
_FILL = {"shared": " ", "new": "*"}
_SIGN = {"shared": "-", "new": "*"}
_KEY = {
    True: "A letter is one layer, with stars where it comes first.",
    False: "A star is a new layer, a dash one that a version above has too.",
}
_SCALES = [4.0 * 0.9**n for n in range(45)]


def picture_lines(picture: Stacks, width: int, paint: Paint) -> list[str]:
    """What the marks mean, the picture, and its legend."""
    blocks = {block.key: block for stack in picture.stacks for block in stack.blocks}
    numbers = {key: n for n, key in enumerate(blocks)}
    names = min(max((len(s.name) for s in picture.stacks), default=0), _NAME_AT_MOST)
    widths = _block_widths(picture, numbers, width - names - 3)
    lines = [paint.tone(line, "quiet") for line in textwrap.wrap(_KEY[bool(widths)], width)]
    for stack in picture.stacks:
        row = (
            _row(stack, widths, numbers, paint)
            if widths
            else _signs(stack, numbers, width - names - 3, paint)
        )
        name = cut_inside(stack.name, names)
        lines.append(f"{name:{names}}  {row}")
    if not widths:
        return lines
    return [*lines, "", *_legend(list(blocks.values()), width, paint)]


def _row(stack: Stack, widths: Mapping[str, int], numbers: Mapping[str, int], paint: Paint) -> str:
    edge = "" if paint.on else "|"
    cells = (
        paint.block(letter(numbers[b.key]).center(widths[b.key], _FILL[b.role]), numbers[b.key])
        for b in stack.blocks
    )
    return edge + "".join(f"{cell}{edge}" for cell in cells)


def _signs(stack: Stack, numbers: Mapping[str, int], room: int, paint: Paint) -> str:
    """One sign per block; what has no room is cut off."""
    shown = stack.blocks if len(stack.blocks) <= room else stack.blocks[: room - 1]
    signs = "".join(paint.block(_SIGN[b.role], numbers[b.key]) for b in shown)
    return signs if len(shown) == len(stack.blocks) else f"{signs}…"


def _block_widths(picture: Stacks, numbers: Mapping[str, int], room: int) -> dict[str, int]:
    """Widths by the logarithm of the size, so that the longest stack fits; empty if none does."""
    sizes = {block.key: block.size for stack in picture.stacks for block in stack.blocks}
    weights = {key: math.log2(size / 512 + 2) for key, size in sizes.items()}
    for scale in _SCALES:
        widths = {
            key: max(len(letter(numbers[key])) + 1, round(weight * scale))
            for key, weight in weights.items()
        }
        if all(sum(widths[b.key] + 1 for b in s.blocks) <= room for s in picture.stacks):
            return widths
    return {}


def _legend(blocks: Sequence[Block], width: int, paint: Paint) -> list[str]:
    lines = []
    shown = blocks[:_LEGEND_AT_MOST]
    wide = len(letter(max(len(shown) - 1, 0)))
    for number, block in enumerate(shown):
        mark = paint.block(f" {letter(number):{wide}} ", number)
        room = width - wide - 14
        label = cut(block.label, room)
        lines.append(f"{mark} {show_bytes(block.size):>9}  {label}")
    if len(blocks) > len(shown):
        lines.append(f"and {len(blocks) - len(shown)} more")
    return lines


def letter(number: int) -> str:
    """A to Z, then AA, AB and so on."""
    letters = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
