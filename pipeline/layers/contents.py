"""What each layer does to the files below it: adds, changes, removes; and what that wastes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Literal

from pipeline.engine.tar_split import LayerFile
from pipeline.layers.cause import FileLists
from pipeline.layers.chain import VersionStack
from pipeline.lean_dataclasses import dataclass, field

Effect = Literal["added", "changed", "removed"]
EFFECTS: tuple[Effect, ...] = ("added", "changed", "removed")


@dataclass(frozen=True)
class Touched:
    """One path of a layer and what the layer does to it.

    Attributes:
        size: bytes of content that the layer brings; 0 for a removed path.
        covered: bytes in the layers below that it hides: still stored and downloaded, never seen.
    """

    path: str
    effect: Effect
    size: int
    covered: int = 0


@dataclass(frozen=True)
class LayerContents:
    """What one layer does in one version.

    Attributes:
        touched: files and links, the biggest first; folders only when they are removed.
        wasted: bytes of this layer that a later layer of the version hides.
    """

    touched: tuple[Touched, ...]
    wasted: int

    def count(self, effect: Effect) -> int:
        """How many paths it adds, changes or removes."""
        return sum(1 for one in self.touched if one.effect == effect)


def contents_of(
    versions: Sequence[VersionStack], lists: FileLists
) -> list[tuple[LayerContents, ...]]:
    """What every layer does, bottom first, for each version.

    Versions that share layers share the work: the stacks are walked as one tree.
    """
    order = sorted(range(len(versions)), key=lambda n: versions[n].image.diff_ids)
    found = dict(_walk(versions, order, 0, _FileStack(), lists))
    return [found[n] for n in range(len(versions))]


@dataclass
class _FileStack:
    """The files that layers leave on top of each other.

    Attributes:
        files: what is visible: bytes, and the number of the layer that brought it.
        folders: every folder that ever had a file below it.
        touched: what each layer did.
        wasted: bytes of each layer that were hidden later.
    """

    files: dict[str, tuple[int, int]] = field(default_factory=dict)
    folders: set[str] = field(default_factory=set)
    touched: list[tuple[Touched, ...]] = field(default_factory=list)
    wasted: list[int] = field(default_factory=list)

    def copy(self) -> _FileStack:
        return _FileStack(self.files.copy(), self.folders.copy(), [*self.touched], [*self.wasted])

    def contents(self) -> tuple[LayerContents, ...]:
        return tuple(map(LayerContents, self.touched, self.wasted))

    def push(self, entries: Sequence[LayerFile]) -> None:
        """Put a layer on top; its whiteouts act on the layers below it only (layer.md)."""
        self.wasted.append(0)
        found = [*self._remove(entries), *self._bring(entries)]
        self.touched.append(
            tuple(sorted(found, key=lambda one: (-one.size, -one.covered, one.path)))
        )

    def _remove(self, entries: Sequence[LayerFile]) -> Iterator[Touched]:
        brought = {e.path for e in entries if e.kind not in ("whiteout", "opaque")}
        for entry in entries:
            if entry.kind == "opaque":
                below = [p for p in self._inside(entry.path) if p not in brought]
            elif entry.kind == "whiteout" and entry.path not in brought:
                below = [entry.path]
            else:
                continue
            for path in below:
                yield Touched(path, "removed", 0, self._hide([path, *self._inside(path)]))

    def _bring(self, entries: Sequence[LayerFile]) -> Iterator[Touched]:
        layer = len(self.wasted) - 1
        for entry in entries:
            if entry.kind in ("whiteout", "opaque"):
                continue
            known = entry.path in self.files or entry.path in self.folders
            if entry.kind == "directory":
                # Over a file it hides it; over a folder it only changes its attributes.
                if hidden := self._hide([entry.path]):
                    yield Touched(entry.path, "changed", 0, hidden)
                continue
            hidden = self._hide([entry.path, *self._inside(entry.path)])
            self.files[entry.path] = (entry.size, layer)
            self.folders.update(_parents(entry.path))
            yield Touched(entry.path, "changed" if known else "added", entry.size, hidden)

    def _inside(self, folder: str) -> list[str]:
        if folder and folder not in self.folders:
            return []
        start = f"{folder}/" if folder else ""
        return [path for path in self.files if path.startswith(start)]

    def _hide(self, paths: Sequence[str]) -> int:
        covered = 0
        for path in paths:
            if seen := self.files.pop(path, None):
                size, layer = seen
                self.wasted[layer] += size
                covered += size
        return covered


def _walk(
    versions: Sequence[VersionStack],
    group: Sequence[int],
    depth: int,
    stack: _FileStack,
    lists: FileLists,
) -> Iterator[tuple[int, tuple[LayerContents, ...]]]:
    """All versions of `group`, whose lowest `depth` layers are those on `stack`."""
    higher = []
    for number in group:
        if len(versions[number].layers) == depth:
            yield number, stack.contents()
        else:
            higher.append(number)
    branches = [list(b) for _, b in groupby(higher, lambda n: versions[n].image.diff_ids[depth])]
    for branch in branches:
        mine = stack.copy() if len(branches) > 1 else stack
        mine.push(lists(versions[branch[0]].layers[depth]))
        yield from _walk(versions, branch, depth + 1, mine, lists)


def _parents(path: str) -> Iterator[str]:
    """Every folder above a path but the root."""
    at = path.find("/")
    while at >= 0:
        yield path[:at]
        at = path.find("/", at + 1)
