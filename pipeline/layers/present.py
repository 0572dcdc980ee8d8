"""A family of versions in the neutral words that every renderer knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.engine.storage import StoredLayer
from pipeline.layers.cause import FileLists, describe_change, short_digest
from pipeline.layers.chain import Step, Version
from pipeline.layers.compare import Comparison, matrix
from pipeline.layers.family import Family
from pipeline.layers.machine import family_data
from pipeline.layers.naming import layer_names, plain
from pipeline.report.numbers import show_bytes, show_share
from pipeline.report.words import (
    Block,
    Bullets,
    Cell,
    Code,
    Facts,
    Heatmap,
    Paragraph,
    Part,
    Report,
    Section,
    Share,
    Size,
    Stack,
    Stacks,
    Table,
)

_SOURCES = {
    "stored": "the blob that was pulled",
    "measured": "measured: compressed once, as a push does",
    "registry": "the registry's manifest",
}
_FILES_SHOWN = 5


def present_family(family: Family, title: str, lists: FileLists) -> Report:
    """The report of a family."""
    return _Presenter(family, layer_names(family, lists)).report(title)


@dataclass(frozen=True)
class _Presenter:
    family: Family
    names: Mapping[str, str]

    def report(self, title: str) -> Report:
        family = self.family
        parts: list[Part] = [
            Section("Layers", (self.picture(),)),
            Section("Versions", (self.versions(), self.totals(), *self.physical())),
        ]
        if family.comparisons:
            parts.append(Section("From version to version", self.comparisons()))
        if len(family.versions) > 2:
            parts.append(Section("Every version against every other", (self.matrix(),)))
        return Report(title, self.lead(), tuple(parts), family_data(family))

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
            stacks.append(Stack(version.name, tuple(self.blocks(version, known))))
            known |= {step.chain_id for step in version.layer_steps}
        return Stacks("The lowest layer first; the same layer looks the same.", tuple(stacks))

    def blocks(self, version: Version, known: set[str]) -> list[Block]:
        blocks = []
        for index, step in enumerate(version.layer_steps):
            if step.layer is None:
                continue
            is_new = step.chain_id not in known
            blocks.append(
                Block(
                    key=step.chain_id,
                    label=self.names[step.chain_id],
                    size=step.layer.size,
                    role="new" if is_new else "base" if index < version.base.layers else "shared",
                    details=self.details(step.layer, step),
                )
            )
        return blocks

    def details(self, layer: StoredLayer, step: Step) -> tuple[tuple[str, Cell], ...]:
        blob = self.family.blobs.get(layer.diff_id)
        rows: list[tuple[str, Cell]] = [
            ("instruction", Code(str(step.instruction))),
            ("size", Size(layer.size)),
            ("diff_id", Code(short_digest(layer.diff_id))),
            ("download", Size(blob.size if blob else None)),
        ]
        if blob:
            rows.append(("download size from", _SOURCES[blob.source]))
        return tuple(rows)

    def versions(self) -> Table:
        rows = tuple(
            (
                version.name,
                Code(version.image.id[:12]),
                len(version.layers),
                Size(version.size),
                Size(self.family.transfer(version.layers)),
                _base(version),
            )
            for version in self.family.versions
        )
        return Table(("version", "id", "layers", "size", "download", "base"), rows)

    def totals(self) -> Facts:
        family = self.family
        return Facts(
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

    def comparisons(self) -> tuple[Part, ...]:
        rows = tuple(
            (
                f"{one.older.name} → {one.newer.name}",
                len(one.shared),
                Size(one.shared_bytes),
                Share(one.shared_ratio),
                len(one.new),
                Size(one.new_bytes),
                Size(self.family.transfer(one.downloads)),
            )
            for one in self.family.comparisons
        )
        columns = ("", "shared", "bytes", "share", "new", "bytes", "download")
        return (Table(columns, rows), *(self.reasons(one) for one in self.family.comparisons))

    def reasons(self, comparison: Comparison) -> Section:
        parts: list[Part] = []
        if comparison.new:
            rows = tuple(
                (Size(new.layer.size), Code(self.names[new.step.chain_id]), new.cause.text)
                for new in comparison.new
            )
            parts.append(Table(("size", "new layer", "because"), rows))
        else:
            parts.append(Paragraph("No new layer."))
        parts += _files(comparison)
        if comparison.configuration:
            parts.append(Paragraph("Configuration, which makes no layer:"))
            parts.append(Bullets(comparison.configuration))
        return Section(f"{comparison.older.name} → {comparison.newer.name}", tuple(parts))

    def matrix(self) -> Heatmap:
        names = tuple(version.name for version in self.family.versions)
        return Heatmap(
            caption="How much of the version on top is there for who has the one on the left.",
            corner="has",
            rows=names,
            columns=names,
            cells=tuple(
                tuple((cell.ratio, show_bytes(cell.shared_bytes)) for cell in row)
                for row in matrix(self.family.versions)
            ),
        )


def _base(version: Version) -> str:
    count = version.base.layers
    if not count:
        return "none known"
    layers = "1 layer" if count == 1 else f"{count} layers"
    return f"{plain(version.base.name) or 'no name'}, {layers}"


def _files(comparison: Comparison) -> list[Part]:
    """Every file behind causes that speak of several, up to a handful."""
    told = [
        [describe_change(change) for change in new.cause.files if change.aspect != "time"]
        for new in comparison.new
    ]
    lines = [line for several in told if len(several) > 1 for line in several]
    if len(lines) > _FILES_SHOWN:
        lines[_FILES_SHOWN:] = [f"and {len(lines) - _FILES_SHOWN} more"]
    return [Bullets(tuple(lines))] if lines else []
