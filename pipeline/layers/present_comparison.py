"""From version to version: what is shared, new and gone, and why, in neutral words."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pipeline.layers.cause import describe_change
from pipeline.layers.compare import Comparison
from pipeline.layers.family import Family
from pipeline.output.document import Bullets, Code, Paragraph, Part, Section, Share, Size, Table
from pipeline.output.number_format import show_bytes

_SHOWN = 5
_LONGEST = 60


def present_comparisons(
    family: Family, names: Mapping[str, str], short: Callable[[str], str]
) -> tuple[Part, ...]:
    """All comparisons in one table, then each on its own.

    Args:
        names: of layers, by chain_id.
        short: what a version is called here.
    """
    titles = [f"{short(one.older.name)} → {short(one.newer.name)}" for one in family.comparisons]
    pairs = list(zip(titles, family.comparisons, strict=True))
    rows = tuple(
        (
            title,
            len(one.shared),
            Size(one.shared_bytes),
            Share(one.shared_ratio),
            len(one.new),
            Size(one.new_bytes),
            Size(family.transfer(one.downloads)),
        )
        for title, one in pairs
    )
    columns = ("", "shared", "bytes", "share", "new", "bytes", "download")
    return (Table(columns, rows), *(_parting(title, one, names) for title, one in pairs))


def _parting(title: str, comparison: Comparison, names: Mapping[str, str]) -> Section:
    parts: list[Part] = []
    if comparison.new:
        rows = tuple(
            (Size(new.layer.size), Code(names[new.step.chain_id]), new.cause.text)
            for new in comparison.new
        )
        parts.append(Table(("size", "new layer", "because"), rows))
    else:
        parts.append(Paragraph("No new layer."))
    parts += _files(comparison)
    if comparison.dropped:
        older = comparison.older.layer_steps[len(comparison.shared) :]
        gone = _at_most([_cut(names[step.chain_id]) for step in older])
        size = show_bytes(comparison.dropped_bytes)
        parts.append(Paragraph(f"No longer in it, {size}: {', '.join(gone)}", "quiet"))
    if comparison.configuration:
        parts.append(Paragraph("Configuration, which makes no layer:"))
        parts.append(Bullets(comparison.configuration))
    return Section(title, tuple(parts))


def _files(comparison: Comparison) -> list[Part]:
    """Every file behind causes that speak of several, up to a handful."""
    told = [
        [describe_change(change) for change in new.cause.files if change.aspect != "time"]
        for new in comparison.new
    ]
    lines = _at_most([line for several in told if len(several) > 1 for line in several])
    return [Bullets(tuple(lines))] if lines else []


def _at_most(texts: list[str]) -> list[str]:
    """A handful, and how many more there are."""
    more = len(texts) - _SHOWN
    return texts if more <= 0 else [*texts[:_SHOWN], f"and {more} more"]


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
