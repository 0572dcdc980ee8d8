"""Neutral words for what is told: every renderer knows them all, no renderer knows a subject."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

from pipeline.lean_dataclasses import dataclass, field

Tone = Literal["plain", "good", "bad", "warning", "quiet"]


@dataclass(frozen=True)
class Size:
    """Bytes; None when nobody measured them."""

    bytes: int | None


@dataclass(frozen=True)
class Share:
    """A part of a whole, 0 to 1."""

    ratio: float


@dataclass(frozen=True)
class Mark:
    """A word that carries a judgement: `held`, `refuted`, `broken`."""

    text: str
    tone: Tone = "plain"


@dataclass(frozen=True)
class Code:
    """A word to be read letter by letter: an instruction, a path, a digest."""

    text: str


Cell: TypeAlias = str | int | Size | Share | Mark | Code


@dataclass(frozen=True)
class Paragraph:
    """A sentence or two."""

    text: str
    tone: Tone = "plain"


@dataclass(frozen=True)
class KeyValues:
    """Names and values, one pair per line."""

    pairs: tuple[tuple[str, Cell], ...]


@dataclass(frozen=True)
class Bullets:
    """A list of sentences."""

    items: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """Rows under named columns; sizes and numbers stand right."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    caption: str = ""


@dataclass(frozen=True)
class Block:
    """One block of a stack.

    Attributes:
        key: blocks with the same key are the same thing and look the same.
        label: what it is, in a few words.
        size: bytes; what its height shows.
        role: `shared` with a stack before it, or `new`.
        details: names and values told about it on demand.
        tree: the key of a `Tree` with its contents; empty without one.
        parts: the blocks that this one stands for, when several are folded into one.
    """

    key: str
    label: str
    size: int
    role: Literal["shared", "new"]
    details: tuple[tuple[str, Cell], ...] = ()
    tree: str = ""
    parts: tuple[Block, ...] = ()


@dataclass(frozen=True)
class Stack:
    """Blocks on top of each other, the lowest first."""

    name: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Stacks:
    """Stacks side by side: the main picture."""

    caption: str
    stacks: tuple[Stack, ...]


@dataclass(frozen=True)
class Heatmap:
    """How much of each column's thing each row's thing has.

    Attributes:
        corner: what rows and columns are.
        cells: a share and a few words, row by row.
    """

    caption: str
    corner: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    cells: tuple[tuple[tuple[float, str], ...], ...]


@dataclass(frozen=True)
class Leaf:
    """One path of a tree.

    Attributes:
        effect: `added`, `changed` or `removed`.
        size: bytes.
        note: a few words more, or nothing.
    """

    path: str
    effect: str
    size: int
    note: str = ""


@dataclass(frozen=True)
class Tree:
    """Paths with sizes, the biggest first.

    Attributes:
        key: what a `Block` refers to.
        note: what the caption does not say, in a few words.
        more: how many further paths are not listed.
    """

    key: str
    caption: str
    leaves: tuple[Leaf, ...]
    more: int = 0
    note: str = ""

    @property
    def heading(self) -> str:
        """The caption, and the note when there is one."""
        return f"{self.caption}: {self.note}" if self.note else self.caption


@dataclass(frozen=True)
class Listing:
    """Lines of code or of a diff, as they are."""

    text: str
    kind: Literal["text", "diff"] = "text"

    @property
    def lines(self) -> tuple[tuple[str, Tone], ...]:
        """Each line; of a diff, below its head, what comes is good and what goes is bad."""
        tones: dict[str, Tone] = {"+": "good", "-": "bad"} if self.kind == "diff" else {}
        rows = self.text.splitlines()
        head = 2 if [row[:4] for row in rows[:2]] == ["--- ", "+++ "] else 0
        return tuple(
            (row, tones.get(row[:1], "plain") if number >= head else "plain")
            for number, row in enumerate(rows)
        )


Part: TypeAlias = (
    "Paragraph | KeyValues | Bullets | Table | Stacks | Heatmap | Tree | Listing | Section"
)


@dataclass(frozen=True)
class Section:
    """Parts under a title."""

    title: str
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Report:
    """Everything that is told about one subject.

    Attributes:
        lead: the answer in one or two sentences.
        data: the same for machines: JSON values under documented names.
    """

    title: str
    lead: str
    parts: tuple[Part, ...]
    data: Mapping[str, Any] = field(default_factory=dict)

    def with_section(self, other: Report, key: str) -> Report:
        """This report with another one as its last section, and under `key` in the data."""
        section = Section(other.title, (Paragraph(other.lead), *other.parts))
        data = {**self.data, key: other.data}
        return Report(self.title, self.lead, (*self.parts, section), data)
