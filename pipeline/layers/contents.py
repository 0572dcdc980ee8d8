"""What each layer does to the files below it: adds, changes, removes; and what that wastes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from pipeline.engine.file_list import LayerFile
from pipeline.layers.cause import FileLists
from pipeline.layers.chain import Version

Effect = Literal["added", "changed", "removed"]


@dataclass(frozen=True)
class Touched:
    """One entry of a layer and what it does.

    Attributes:
        size: bytes that the entry adds to the layer; 0 for a removed path.
        covered: bytes in the layers below that it hides: still stored and downloaded, never seen.
    """

    path: str
    effect: Effect
    size: int
    covered: int = 0


@dataclass(frozen=True)
class Contents:
    """What one layer does.

    Attributes:
        touched: files and links, biggest first; folders only when they are removed.
        wasted: bytes of this layer that a later layer of the version hides.
    """

    touched: tuple[Touched, ...]
    wasted: int

    def count(self, effect: Effect) -> int:
        """How many paths it adds, changes or removes."""
        return sum(1 for one in self.touched if one.effect == effect)


@dataclass
class _Seen:
    """A file as the layers so far leave it: its bytes and the layer that brought them."""

    size: int
    layer: int


@dataclass
class _Tree:
    """Paths visible so far, and for every folder the paths below it."""

    files: dict[str, _Seen] = field(default_factory=dict)
    below: dict[str, set[str]] = field(default_factory=dict)

    def add(self, path: str, seen: _Seen) -> None:
        self.files[path] = seen
        for folder in _parents(path):
            self.below.setdefault(folder, set()).add(path)

    def take(self, path: str) -> _Seen | None:
        seen = self.files.pop(path, None)
        if seen:
            for folder in _parents(path):
                self.below[folder].discard(path)
        return seen

    def inside(self, folder: str) -> list[str]:
        return sorted(self.below.get(folder, ()))


def contents_of(version: Version, lists: FileLists) -> tuple[Contents, ...]:
    """What every layer of a version does, bottom first."""
    tree = _Tree()
    wasted = [0] * len(version.layers)
    touched: list[list[Touched]] = []
    for index, layer in enumerate(version.layers):
        touched.append(_apply(tree, index, lists(layer), wasted))
    return tuple(
        Contents(tuple(sorted(found, key=lambda one: (-one.size, -one.covered, one.path))), lost)
        for found, lost in zip(touched, wasted, strict=True)
    )


def _apply(
    tree: _Tree, index: int, entries: Sequence[LayerFile], wasted: list[int]
) -> list[Touched]:
    """Put a layer on top; whiteouts act on the layers below only (OCI image-spec, layer.md)."""
    removed = {e.path for e in entries if e.kind == "whiteout"}
    cleared = [e.path for e in entries if e.kind == "opaque"]
    brought = {e.path for e in entries if e.kind not in ("whiteout", "opaque")}
    found: list[Touched] = []
    for path in sorted(removed):
        covered = _hide(tree, [path, *tree.inside(path)], wasted)
        if path not in brought:
            found.append(Touched(path, "removed", 0, covered))
    hidden: dict[str, int] = {}
    for folder in cleared:
        for path in tree.inside(folder):
            covered = _hide(tree, [path], wasted)
            if path in brought:
                hidden[path] = covered
            else:
                found.append(Touched(path, "removed", 0, covered))
    for entry in entries:
        if entry.kind in ("whiteout", "opaque"):
            continue
        if entry.kind == "directory":
            # A folder over a file hides it; over a folder it only changes its attributes.
            if (below := tree.files.get(entry.path)) is not None and below.layer != index:
                _hide(tree, [entry.path], wasted)
            continue
        inside = [p for p in tree.inside(entry.path) if tree.files[p].layer != index]
        known = entry.path in tree.files or entry.path in hidden or entry.path in removed
        covered = hidden.get(entry.path, 0) + _hide(tree, [entry.path, *inside], wasted)
        tree.add(entry.path, _Seen(entry.size, index))
        effect: Effect = "changed" if known else "added"
        found.append(Touched(entry.path, effect, entry.size, covered))
    return found


def _hide(tree: _Tree, paths: Sequence[str], wasted: list[int]) -> int:
    covered = 0
    for path in paths:
        if seen := tree.take(path):
            wasted[seen.layer] += seen.size
            covered += seen.size
    return covered


def _parents(path: str) -> list[str]:
    """Every folder above a path, the root (``) first."""
    parts = path.split("/")[:-1]
    return ["", *("/".join(parts[: n + 1]) for n in range(len(parts)))]
