"""Another order, or a split, of instructions that would have shared more over all versions.

The search knows the files of every layer of every version. It tries the moves and splits that the
files allow, keeps the one that makes the fewest new bytes from version to version, and goes on
from there. What COPY instructions do is known; whether a RUN needs what stood above it is not, so
a proposal that moves one across a COPY says that it must be tried.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from itertools import pairwise

from pipeline.layers.blueprint import AnnotatedContainerfile, AnnotatedLine
from pipeline.layers.split import split_line
from pipeline.lean_dataclasses import dataclass

Layout = tuple[AnnotatedLine, ...]

_TRANSPARENT = ("CMD", "ENTRYPOINT", "EXPOSE", "HEALTHCHECK", "LABEL", "STOPSIGNAL", "MAINTAINER")
_WORTH = 4096
"""Bytes that a change must save at least: less than one block of a disk is no advice."""
_ROUNDS = 20


@dataclass(frozen=True)
class Proposal:
    """Other Containerfiles for the versions of one image.

    Attributes:
        image: its name in the spec.
        blueprints: the versions, oldest first, as they are.
        texts: their Containerfiles as proposed.
        before: new bytes from version to version as they are.
        after: the same as proposed, computed from the sizes of today's layers.
        certain: whether only COPY and ADD instructions that do not touch each other's files
            change places.
        names_files: whether a COPY of a folder became one of files by name, which does not see
            files that come later.
    """

    image: str
    blueprints: tuple[AnnotatedContainerfile, ...]
    texts: tuple[str, ...]
    before: int
    after: int
    certain: bool
    names_files: bool

    @property
    def saving(self) -> int:
        """Bytes saved over the versions' history, computed."""
        return self.before - self.after

    @property
    def diff(self) -> str:
        """The change to the newest version's Containerfile."""
        newest = self.blueprints[-1]
        name = newest.version.containerfile.name
        lines = difflib.unified_diff(
            newest.text(newest.lines).splitlines(keepends=True),
            self.texts[-1].splitlines(keepends=True),
            fromfile=f"{newest.name}/{name}",
            tofile=f"{newest.name}/{name}",
        )
        return "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)


def advise(
    image: str, blueprints: Sequence[AnnotatedContainerfile], *, certain_only: bool = False
) -> Proposal | None:
    """The best proposal that the search finds, or None.

    Args:
        image: its name in the spec.
        blueprints: its versions, oldest first.
        certain_only: leave out what only a build can tell.
    """
    layouts = tuple(one.lines for one in blueprints)
    before = cost = new_bytes(blueprints, layouts)
    for _ in range(_ROUNDS):
        tried = [
            (new_bytes(blueprints, one), one)
            for one in _changes(layouts)
            if not certain_only or _are_certain(blueprints, one)
        ]
        least, best = min(tried, key=lambda pair: pair[0], default=(cost, layouts))
        if least >= cost:
            break
        layouts, cost = best, least
    if before - cost < _WORTH:
        return None
    pairs = list(zip(blueprints, layouts, strict=True))
    return Proposal(
        image=image,
        blueprints=tuple(blueprints),
        texts=tuple(one.text(layout) for one, layout in pairs),
        before=before,
        after=cost,
        certain=_are_certain(blueprints, layouts),
        names_files=any(len(one.lines) != len(layout) for one, layout in pairs),
    )


def new_bytes(blueprints: Sequence[AnnotatedContainerfile], layouts: Sequence[Layout]) -> int:
    """Bytes of layers that each version has and the one before it has not, in all."""
    total = 0
    for (one, before), (other, after) in pairwise(zip(blueprints, layouts, strict=True)):
        older = [line for line in before if line.size]
        newer = [line for line in after if line.size]
        shared = 0
        if one.base == other.base:
            while shared < min(len(older), len(newer)) and (
                older[shared].effect == newer[shared].effect
            ):
                shared += 1
        total += sum(line.size for line in newer[shared:])
    return total


def _changes(layouts: tuple[Layout, ...]) -> Iterator[tuple[Layout, ...]]:
    lines = {line.key: line for layout in layouts for line in layout if line.size}
    for mover in lines.values():
        for other in lines.values():
            moved = _moved(layouts, mover, other)
            if moved is not None:
                yield moved
        split = split_line(layouts, mover)
        if split is not None:
            yield split


def _moved(
    layouts: tuple[Layout, ...], mover: AnnotatedLine, other: AnnotatedLine
) -> tuple[Layout, ...] | None:
    """All layouts with `mover` right above `other`; None when one forbids it or none changes."""
    changed = []
    for layout in layouts:
        keys = [line.key for line in layout]
        if mover.key not in keys or other.key not in keys:
            changed.append(layout)
            continue
        low, high = keys.index(other.key), keys.index(mover.key)
        if high < low:
            changed.append(layout)
            continue
        if not all(_may_cross(layout[high], crossed) for crossed in layout[low:high]):
            return None
        changed.append((*layout[:low], layout[high], *layout[low:high], *layout[high + 1 :]))
    return None if tuple(changed) == layouts else tuple(changed)


def _may_cross(mover: AnnotatedLine, other: AnnotatedLine) -> bool:
    """Whether `mover` might as well stand above `other`."""
    if other.keyword in _TRANSPARENT:
        return True
    if mover.copies and other.copies:
        return not _touch(mover, other)
    if mover.copies and other.keyword == "RUN":
        return not _touch(mover, other) and not _mentions(other, mover)
    if mover.keyword == "RUN" and other.copies:
        return not _touch(mover, other) and not _mentions(mover, other)
    return False


def _touch(one: AnnotatedLine, other: AnnotatedLine) -> bool:
    """Whether a path of one is a path of the other, lies below one, or leads through a link."""
    mine, theirs = one.paths, other.paths
    return bool(mine & theirs) or _below(one.reached, theirs) or _below(other.reached, mine)


def _below(paths: frozenset[str], folders: frozenset[str]) -> bool:
    for path in paths:
        at = path.find("/")
        while at >= 0:
            if path[:at] in folders:
                return True
            at = path.find("/", at + 1)
    return False


def _mentions(run: AnnotatedLine, copy: AnnotatedLine) -> bool:
    """Whether a command speaks of what a COPY brings."""
    words = {path.rpartition("/")[2] for path in copy.paths} | {copy.target.rstrip("/")}
    return any(word and word in run.text for word in words)


def _are_certain(blueprints: Sequence[AnnotatedContainerfile], layouts: Sequence[Layout]) -> bool:
    """Whether every RUN has the same COPY instructions above it as before."""
    return all(
        _copies_above_runs(one.lines) == _copies_above_runs(layout)
        for one, layout in zip(blueprints, layouts, strict=True)
    )


def _copies_above_runs(layout: Layout) -> list[frozenset[str]]:
    above: frozenset[str] = frozenset()
    found = []
    for line in layout:
        if line.copies:
            above |= line.paths
        elif line.keyword == "RUN":
            found.append(above)
    return found
