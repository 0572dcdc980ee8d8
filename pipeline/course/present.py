"""The course told: a page with everything, and a summary for the terminal (pure)."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from pipeline.course.chapter import Told, contents, section
from pipeline.layers.observe import ObservedFamily
from pipeline.layers.present import present_family, present_picture
from pipeline.output.document import KeyValues, Part, Report, Section
from pipeline.output.terminal import with_program_name

_TITLE = "PyTweets: the whole course"


def present_course(told: Sequence[Told], layers: ObservedFamily | None) -> Report:
    """Every chapter with what was done and seen, and the layers."""
    parts: list[Part] = [Section("Contents", (contents(told),))]
    data = {}
    if layers is not None:
        report = present_family(layers.family, "Layers", layers.lists)
        parts += report.parts
        data["layers"] = report.data
    parts += [section(one) for one in told]
    return Report(_TITLE, _lead(told), tuple(parts), data)


def present_summary(
    told: Sequence[Told],
    layers: ObservedFamily | None,
    urls: Sequence[str],
    page: Path,
    project: str = "",
) -> Report:
    """What a person wants to see at the end, on one screen.

    Args:
        project: the folder to go to for further commands; empty for the current one.
    """
    parts: list[Part] = []
    if layers is not None:
        parts.append(present_picture(layers.family, layers.lists))
    parts.append(contents(told))
    parts.append(
        KeyValues(
            (
                ("it runs at", " ".join(urls)),
                ("the page", str(page)),
                *((("go to", f"`cd {shlex.quote(project)}`"),) if project else ()),
                (
                    "look around",
                    with_program_name("`capas status`, `capas report`, `capas verify`"),
                ),
                ("clean up", with_program_name("`capas down`, which keeps the volume")),
            )
        )
    )
    return Report(_TITLE, _lead(told), tuple(parts))


def _lead(told: Sequence[Told]) -> str:
    held = sum(not one.refuted for one in told)
    return f"{held} of {len(told)} claims held, seen on real containers."
