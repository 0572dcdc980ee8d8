"""The main picture laid out for a screen: colours, heights, and what continues to the right.

A layer that several stacks have gets a tint of its own; one that only a single stack has gets
none, so that colour means sharing. The layout knows no markup: HTML and SVG draw it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from pipeline.lean_dataclasses import dataclass
from pipeline.output.document import Block, Cell, Stacks
from pipeline.output.number_format import show_bytes

TINTS = 8
_LINEAR_HEIGHT = 440.0
_LOG_HEIGHT = 460.0
_LEAST_LOG = 26.0
_LEAST_FOR_TEXT = 18.0
_LINE, _PADDING = 17, 8


@dataclass(frozen=True)
class DrawnBlock:
    """A block with its looks.

    Attributes:
        log: height in pixels by the logarithm of the size.
        linear: height in pixels by the size.
        tint: which of the tints; the same for equal keys.
        alone: only one stack has it.
        joins: the stack to the right has it in the same place.
        log_rows: of text that it has room for; the size has the last one, or stands beside the
            label when there is only one.
        linear_rows: the same in the linear picture; 0 when it is too low for any text.
        details: the number of its details in `Drawing.details`.
    """

    key: str
    label: str
    size: str
    role: str
    log: int
    linear: float
    tint: int
    alone: bool
    joins: bool
    log_rows: int
    linear_rows: int
    details: int
    parts: tuple[DrawnBlock, ...] = ()


@dataclass(frozen=True)
class DrawnStack:
    """One column, the lowest block first."""

    name: str
    total: str
    blocks: tuple[DrawnBlock, ...]


@dataclass(frozen=True)
class LegendEntry:
    """A block and the stacks that have it."""

    label: str
    size: str
    users: str
    tint: int
    alone: bool


@dataclass(frozen=True)
class Drawing:
    """Everything that is drawn.

    Attributes:
        number: tells several pictures of a page apart.
        folds: whether some block stands for several.
        details: distinct details with the anchor of a tree, or without.
    """

    number: int
    stacks: tuple[DrawnStack, ...]
    legend: tuple[LegendEntry, ...]
    folds: bool
    details: tuple[tuple[tuple[tuple[str, Cell], ...], str], ...]


def draw(picture: Stacks, number: int = 1) -> Drawing:
    """Lay a picture out."""
    return _Layout(picture).drawing(number)


def anchor(key: str) -> str:
    """A key as part of an id in a page."""
    return "".join(c if c.isalnum() else "-" for c in key)


class _Layout:
    def __init__(self, picture: Stacks) -> None:
        self.picture = picture
        self.users = _users(picture)
        self.tints = _tints(self.users)
        self.biggest = max((sum(b.size for b in s.blocks) for s in picture.stacks), default=0) or 1
        self.log_unit = self._log_unit()
        self.known: dict[tuple[tuple[tuple[str, Cell], ...], str], int] = {}

    def drawing(self, number: int) -> Drawing:
        stacks = []
        for at, stack in enumerate(self.picture.stacks):
            right = self.picture.stacks[at + 1].blocks if at + 1 < len(self.picture.stacks) else ()
            blocks = tuple(self._row(stack.blocks, right))
            stacks.append(DrawnStack(stack.name, show_bytes(_total(stack.blocks)), blocks))
        return Drawing(
            number=number,
            stacks=tuple(stacks),
            legend=tuple(self._legend()),
            folds=any(block.parts for stack in self.picture.stacks for block in stack.blocks),
            details=tuple(self.known),
        )

    def _row(self, blocks: Iterable[Block], right: tuple[Block, ...]) -> Iterable[DrawnBlock]:
        for at, block in enumerate(blocks):
            joined = at < len(right) and right[at].key == block.key
            yield self._block(block, joins=joined, right=right[at].parts if joined else ())

    def _block(self, block: Block, *, joins: bool, right: tuple[Block, ...]) -> DrawnBlock:
        linear = block.size / self.biggest * _LINEAR_HEIGHT
        log = round(_LEAST_LOG + self.log_unit * _weight(block.size))
        details = (block.details, anchor(block.tree) if block.tree else "")
        return DrawnBlock(
            key=block.key,
            label=block.label,
            size=show_bytes(block.size),
            role=block.role,
            log=log,
            linear=round(linear, 1),
            tint=self.tints[block.key],
            alone=len(self.users[block.key]) == 1,
            joins=joins,
            log_rows=_rows(log),
            linear_rows=_rows(linear) if linear >= _LEAST_FOR_TEXT else 0,
            details=self.known.setdefault(details, len(self.known)),
            parts=tuple(self._row(block.parts, right)),
        )

    def _legend(self) -> Iterable[LegendEntry]:
        seen: set[str] = set()
        for stack in self.picture.stacks:
            for block in stack.blocks:
                if block.key not in seen:
                    seen.add(block.key)
                    users = self.users[block.key]
                    yield LegendEntry(
                        label=block.label,
                        size=show_bytes(block.size),
                        users=", ".join(users),
                        tint=self.tints[block.key],
                        alone=len(users) == 1,
                    )

    def _log_unit(self) -> float:
        """Pixels for each doubling, so that the tallest stack has the height of the picture."""
        units = []
        for stack in self.picture.stacks:
            weights = sum(_weight(block.size) for block in stack.blocks)
            if weights:
                room = _LOG_HEIGHT - _LEAST_LOG * len(stack.blocks)
                units.append(max(room, 0.0) / weights)
        return min([*units, 12.0])


def _rows(height: float) -> int:
    return max(int((height - _PADDING) // _LINE), 1)


def _weight(size: int) -> float:
    return math.log2(size / 1024 + 1)


def _total(blocks: Iterable[Block]) -> int:
    return sum(block.size for block in blocks)


def _users(picture: Stacks) -> Mapping[str, list[str]]:
    """The names of the stacks that have a block, by key."""
    users: dict[str, list[str]] = {}
    for stack in picture.stacks:
        for block in stack.blocks:
            for one in (block, *block.parts):
                users.setdefault(one.key, []).append(stack.name)
    return users


def _tints(users: Mapping[str, list[str]]) -> Mapping[str, int]:
    """Tints in the order of appearance; those that are shared take theirs first."""
    shared = [key for key, names in users.items() if len(names) > 1]
    alone = [key for key, names in users.items() if len(names) == 1]
    return {key: number % TINTS for number, key in enumerate([*shared, *alone])}
