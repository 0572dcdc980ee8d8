"""What `RUN --mount` names, and what a bind mount shows of the context."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from pipeline.spec.containerfile.steps import BuildStep
from pipeline.spec.ignorefile import IgnoreRules
from pipeline.spec.sources import CopySource, read_below

_SOURCES = ("source", "src")


def mounts_of(step: BuildStep) -> list[dict[str, str]]:
    """The options of each `--mount` of an instruction; those without a value are empty."""
    return [
        dict(part.partition("=")[::2] for part in word.text.removeprefix("--mount=").split(","))
        for word in step.instruction.flags
        if word.text.startswith("--mount=")
    ]


def binds_of(step: BuildStep) -> list[dict[str, str]]:
    """Those that bind a part of the context."""
    return [
        mount
        for mount in mounts_of(step)
        if mount.get("type", "bind") == "bind" and "from" not in mount
    ]


def bound_sources(
    binds: Sequence[Mapping[str, str]], context: Path, ignore: IgnoreRules
) -> tuple[CopySource, ...]:
    """What bind mounts show of the context: what `source` names and all below it.

    Left out is what the ignore file leaves out, but for what `source` itself names. A source with
    a variable may be anything.
    """
    named = (next((b[key] for key in _SOURCES if b.get(key)), ".") for b in binds)
    return tuple(read_below("." if "$" in name else name, context, ignore) for name in named)
