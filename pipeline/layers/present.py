"""A family of versions in the neutral words that every renderer knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

from pipeline.engine.storage import StoredLayer
from pipeline.layers.budget import BudgetVerdict
from pipeline.layers.cause import Cause, FileLists, short_digest
from pipeline.layers.chain import HistoryStep, VersionStack
from pipeline.layers.collapsed_layers import Fold, folds
from pipeline.layers.contents import EFFECTS, LayerContents
from pipeline.layers.family import Family
from pipeline.layers.json_data import family_data
from pipeline.layers.layer_names import common_folder, layer_names, plain
from pipeline.layers.present_comparison import present_comparisons
from pipeline.lean_dataclasses import dataclass
from pipeline.output.document import (
    Block,
    Cell,
    Code,
    Heatmap,
    KeyValues,
    Leaf,
    Mark,
    Paragraph,
    Part,
    Report,
    Section,
    Share,
    Size,
    Stack,
    Stacks,
    Table,
    Tree,
)
from pipeline.output.number_format import show_bytes, show_share

_SOURCES = {
    "stored": "the blob that was pulled",
    "measured": "measured: compressed once, as a push does",
    "registry": "the registry's manifest",
}


def present_family(
    family: Family,
    title: str,
    lists: FileLists,
    *,
    verdicts: Sequence[BudgetVerdict] = (),
    files: int = 0,
) -> Report:
    """The report of a family.

    Args:
        verdicts: what the spec's budgets say.
        files: how many files to list per layer, the biggest first.
    """
    return _Presenter(family, layer_names(family, lists), verdicts, files).report(title)


def present_picture(family: Family, lists: FileLists) -> Section:
    """Only the picture of the stacks."""
    return Section("Layers", (_Presenter(family, layer_names(family, lists), (), 0).picture(),))


@dataclass(frozen=True)
class _Presenter:
    """All the parts. The table of versions has their full names, the rest leaves out `folder`."""

    family: Family
    names: Mapping[str, str]
    verdicts: Sequence[BudgetVerdict]
    files: int

    @cached_property
    def reasons(self) -> Mapping[str, Mapping[str, Cause]]:
        """Why the layers of a version are new, by version and chain_id."""
        return {
            one.newer.name: {new.step.chain_id: new.cause for new in one.new}
            for one in self.family.comparisons
        }

    @cached_property
    def folds(self) -> Mapping[str, Fold]:
        """What is drawn as one block, by version."""
        return dict(zip((v.name for v in self.family.versions), folds(self.family), strict=True))

    @cached_property
    def folder(self) -> str:
        """What the names of all versions begin with."""
        return common_folder([version.name for version in self.family.versions])

    def short(self, name: str) -> str:
        """A name without what all of them begin with."""
        return name.removeprefix(self.folder)

    def report(self, title: str) -> Report:
        family = self.family
        parts: list[Part] = [
            self.totals(),
            *self.physical(),
            Section("Layers", (self.picture(),)),
            Section("Versions", (self.versions(),)),
        ]
        if family.comparisons:
            told = present_comparisons(family, self.names, self.short)
            parts.append(Section("From version to version", told))
        if self.verdicts:
            parts.append(Section("Budgets", (self.budgets(),)))
        if len(family.versions) > 2:
            parts.append(Section("Every version against every other", (self.matrix(),)))
        if self.files:
            parts.append(Section("Inside the layers", self.inside()))
        return Report(title, self.lead(), tuple(parts), family_data(family, self.verdicts))

    def lead(self) -> str:
        total, stored = self.family.sum_of_sizes, self.family.stored_bytes
        count = len(self.family.versions)
        if count == 1:
            return f"One version, {show_bytes(total)} in {len(self.family.layers)} layers."
        saved = 1 - stored / total if total else 0.0
        return (
            f"{count} images of {show_bytes(total)} in all are {show_bytes(stored)} of distinct "
            f"layers: sharing saves {show_share(saved)}."
        )

    def picture(self) -> Stacks:
        known: set[str] = set()
        stacks = []
        for version in self.family.versions:
            stacks.append(Stack(self.short(version.name), tuple(self.blocks(version, known))))
            known |= {step.chain_id for step in version.layer_steps}
        caption = "The lowest layer first. What several versions share is stored once."
        return Stacks(caption, tuple(stacks))

    def blocks(self, version: VersionStack, known: set[str]) -> list[Block]:
        reasons = self.reasons.get(version.name, {})
        blocks = [
            Block(
                key=step.chain_id,
                label=self.names[step.chain_id],
                size=step.layer.size,
                role="shared" if step.chain_id in known else "new",
                details=self.details(step.layer, step, reasons.get(step.chain_id)),
                tree=step.chain_id if self.files else "",
            )
            for step in version.layer_steps
            if step.layer
        ]
        name, count = self.folds[version.name]
        if count < 2:
            return blocks
        return [_fold(self.short(name), blocks[:count]), *blocks[count:]]

    def details(
        self, layer: StoredLayer, step: HistoryStep, cause: Cause | None
    ) -> tuple[tuple[str, Cell], ...]:
        blob = self.family.blobs.get(layer.diff_id)
        rows: list[tuple[str, Cell]] = [
            ("instruction", Code(self.names[step.chain_id])),
            ("size", Size(layer.size)),
            ("download", Size(blob.size if blob else None)),
        ]
        if cause:
            rows.append(("new because", cause.text))
        if blob:
            rows.append(("download size from", _SOURCES[blob.source]))
        rows.append(("diff_id", Code(short_digest(layer.diff_id))))
        rows.append(("used by", ", ".join(map(self.short, self.family.users[layer.id]))))
        return tuple(rows)

    def versions(self) -> Table:
        rows = tuple(
            (
                version.name,
                len(version.layers),
                Size(version.size),
                Size(self.family.transfer(version.layers)),
                Size(sum(one.wasted for one in contents)),
                _base(version),
            )
            for version, contents in zip(self.family.versions, self.family.contents, strict=True)
        )
        columns = ("version", "layers", "size", "download", "wasted", "base")
        return Table(columns, rows)

    def totals(self) -> KeyValues:
        family = self.family
        return KeyValues(
            (
                ("sum of the sizes", Size(family.sum_of_sizes)),
                ("each layer once", Size(family.stored_bytes)),
                ("on disk", Size(family.disk_bytes)),
                ("to download it all", Size(family.transfer(family.layers))),
            )
        )

    def physical(self) -> tuple[Part, ...]:
        if self.family.driver != "vfs":
            return ()
        return (
            Paragraph(
                "The storage driver is vfs: every layer is a full copy of all below it, so that "
                f"nothing is shared on disk: {show_bytes(self.family.disk_bytes)} instead of about "
                f"{show_bytes(self.family.stored_bytes)}. Downloads are shared all the same.",
                "warning",
            ),
        )

    def budgets(self) -> Table:
        rows = tuple(
            (
                f"{self.short(one.against)} → {self.short(one.version)}",
                Code(one.rule),
                _amount(one, one.limit),
                _amount(one, one.measured),
                Mark("held", "good") if one.held else Mark("broken", "bad"),
            )
            for one in self.verdicts
        )
        return Table(("", "rule", "limit", "measured", ""), rows)

    def inside(self) -> tuple[Part, ...]:
        trees: dict[str, Tree] = {}
        for version, contents in zip(self.family.versions, self.family.contents, strict=True):
            rows = zip(version.layers, version.layer_steps, contents, strict=True)
            for layer, step, found in rows:
                if step.chain_id not in trees:
                    trees[step.chain_id] = self.tree(layer, step, found)
        return tuple(trees.values())

    def tree(self, layer: StoredLayer, step: HistoryStep, contents: LayerContents) -> Tree:
        leaves = tuple(
            Leaf(
                f"/{one.path}",
                one.effect,
                one.size,
                f"hides {show_bytes(one.covered)} below" if one.covered else "",
            )
            for one in contents.touched[: self.files]
        )
        first, *others = map(self.short, self.family.users[layer.id])
        place = f"in {first}{f' and {len(others)} more' if others else ''}"
        counts = [f"{count} {effect}" for effect in EFFECTS if (count := contents.count(effect))]
        return Tree(
            key=step.chain_id,
            caption=self.names[step.chain_id],
            note=f"{', '.join(counts) or 'no files'}; {place}",
            leaves=leaves,
            more=len(contents.touched) - len(leaves),
        )

    def matrix(self) -> Heatmap:
        names = tuple(self.short(version.name) for version in self.family.versions)
        return Heatmap(
            caption="How much of the version at the top is already in the one on the left.",
            corner="has",
            rows=names,
            columns=names,
            cells=tuple(
                tuple((cell.ratio, _new(cell.new_bytes)) for cell in row)
                for row in self.family.matrix
            ),
        )


def _amount(verdict: BudgetVerdict, number: float) -> Cell:
    return Size(int(number)) if verdict.rule == "max_new_bytes" else Share(number)


def _new(size: int) -> str:
    return f"{show_bytes(size)} new" if size else "nothing new"


def _base(version: VersionStack) -> str:
    if not version.base.layers:
        return "none known"
    return plain(version.base.name) or "no name"


def _fold(name: str, blocks: Sequence[Block]) -> Block:
    """Several layers of a base as one block."""
    size = sum(block.size for block in blocks)
    top = blocks[-1]
    used = dict(top.details)["used by"]
    return Block(
        key=f"base {top.key}",
        label=f"{name} ({len(blocks)} layers)",
        size=size,
        role=top.role,
        details=(
            ("base", Code(name)),
            ("layers", len(blocks)),
            ("size", Size(size)),
            ("used by", used),
        ),
        parts=tuple(blocks),
    )
