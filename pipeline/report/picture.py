"""The main picture in a terminal: one row per version, one block per layer, the lowest left.

A layer has one letter and one colour wherever it occurs, so the picture reads without colours.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from pipeline.report.numbers import show_bytes
from pipeline.report.paint import Paint
from pipeline.report.words import Block, Stacks

_NAME_AT_MOST = 20


def picture_lines(picture: Stacks, width: int, paint: Paint) -> list[str]:
    """The picture and its legend."""
    blocks = {block.key: block for stack in picture.stacks for block in stack.blocks}
    letters = {key: _letter(n) for n, key in enumerate(blocks)}
    numbers = {key: n for n, key in enumerate(blocks)}
    names = min(max((len(s.name) for s in picture.stacks), default=0), _NAME_AT_MOST)
    room = width - names - 3
    widths = _block_widths(picture, letters, room)
    lines = []
    for stack in picture.stacks:
        row = "".join(
            paint.block(letters[b.key].center(widths[b.key], _FILL[b.role]), numbers[b.key])
            + ("" if paint.on else "|")
            for b in stack.blocks
        )
        lines.append(f"{stack.name[:names]:{names}}  {'' if paint.on else '|'}{row}")
    return [*lines, "", *_legend(list(blocks.values()), letters, numbers, width, paint)]


_FILL = {"shared": " ", "new": "*"}


def _block_widths(picture: Stacks, letters: dict[str, str], room: int) -> dict[str, int]:
    """Widths by the logarithm of the size, scaled so that the longest stack fits."""
    sizes = {block.key: block.size for stack in picture.stacks for block in stack.blocks}
    weights = {key: math.log2(size / 512 + 2) for key, size in sizes.items()}
    least = {key: len(letter) + 1 for key, letter in letters.items()}

    def widest(scale: float) -> int:
        return max(
            sum(max(least[b.key], round(weights[b.key] * scale)) + 1 for b in stack.blocks)
            for stack in picture.stacks
        )

    scale = 4.0
    while scale > 0.05 and widest(scale) > room:
        scale *= 0.9
    return {key: max(least[key], round(weights[key] * scale)) for key in sizes}


def _legend(
    blocks: Sequence[Block],
    letters: dict[str, str],
    numbers: dict[str, int],
    width: int,
    paint: Paint,
) -> list[str]:
    lines = []
    wide = max((len(letter) for letter in letters.values()), default=1)
    for block in blocks:
        letter = paint.block(f" {letters[block.key]:{wide}} ", numbers[block.key])
        room = width - wide - 2 - 12
        label = block.label if len(block.label) <= room else f"{block.label[: room - 1]}…"
        lines.append(f"{letter} {show_bytes(block.size):>9}  {label}")
    return lines


def _letter(number: int) -> str:
    """A to Z, then AA, AB and so on."""
    letters = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
