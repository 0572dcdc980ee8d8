"""A push or a pull as a report: what each version cost, for people and as data."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.output.document import Code, Report, Size, Table
from pipeline.output.number_format import show_bytes
from pipeline.transfer.apply import Moved
from pipeline.transfer.plan import TransferPlan

_COLUMNS = ("version", "what", "new", "of", "manifest")


def present(plan: TransferPlan, moved: Sequence[Moved]) -> Report:
    """One row per version."""
    copied = [one for one in moved if one.step.copies]
    new, whole = sum(one.new for one in copied), sum(one.whole for one in copied)
    rows = tuple(
        (
            one.step.version.short,
            f"{plan.direction}ed" if one.step.copies else one.step.cause,
            Size(one.new),
            Size(one.whole),
            Code(one.digest.removeprefix("sha256:")[:12]),
        )
        for one in moved
    )
    data = {
        "direction": plan.direction,
        "place": plan.place.name,
        "new_bytes": new,
        "bytes": whole,
        "images": [
            {
                "version": one.step.version.short,
                "image_id": one.step.image,
                "digest": one.digest,
                "copied": one.step.copies,
                "cause": one.step.cause,
                "new_bytes": one.new,
                "bytes": one.whole,
            }
            for one in moved
        ],
    }
    title, where = (
        (f"Push to {plan.place.name}", "there")
        if plan.direction == "push"
        else (f"Pull from {plan.place.name}", "here")
    )
    said = f"{len(copied)} of {len(moved)} versions copied; {show_bytes(new)} were new {where}."
    if not copied:
        said = f"Everything is already {where}."
    return Report(title, said, (Table(_COLUMNS, rows),), data)
