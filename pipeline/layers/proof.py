"""Whether a proposal that was built does what it promised: the same files, fewer new bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from pipeline.engine.tar_split import LayerFile
from pipeline.layers.cause import FileLists, shared_length
from pipeline.layers.chain import VersionStack
from pipeline.layers.configuration import config_changes
from pipeline.lean_dataclasses import dataclass


@dataclass(frozen=True)
class Proof:
    """What trial builds showed.

    Attributes:
        before: new bytes from version to version as it is, measured.
        after: the same of the trials.
        difference: what is other in a trial than in its version; empty when nothing is.
    """

    before: int
    after: int
    difference: str = ""

    @property
    def saving(self) -> int:
        """Bytes saved over the versions' history, measured."""
        return self.before - self.after

    @property
    def refuted(self) -> str:
        """Why it does not hold; empty when it does."""
        return self.difference or ("" if self.saving > 0 else "it saved nothing")

    @property
    def holds(self) -> bool:
        """Whether the proposal is worth telling."""
        return not self.refuted


def prove(
    versions: Sequence[VersionStack], trials: Sequence[VersionStack], lists: FileLists
) -> Proof:
    """Compare versions with their trials, in the same order."""
    differences = (
        _difference(version, trial, lists) for version, trial in zip(versions, trials, strict=True)
    )
    return Proof(
        before=_new_bytes(versions),
        after=_new_bytes(trials),
        difference=next((one for one in differences if one), ""),
    )


def visible(version: VersionStack, lists: FileLists) -> Mapping[str, LayerFile]:
    """What a container of the version sees, by path."""
    tree: dict[str, LayerFile] = {}
    for layer in version.layers:
        entries = lists(layer)
        for entry in entries:
            if entry.kind == "whiteout":
                _drop(tree, entry.path, itself=True)
            elif entry.kind == "opaque":
                _drop(tree, entry.path, itself=False)
        for entry in entries:
            if entry.kind in ("whiteout", "opaque"):
                continue
            below = tree.get(entry.path)
            if below is not None and below.kind == "directory" and entry.kind != "directory":
                _drop(tree, entry.path, itself=True)
            tree[entry.path] = entry
    return tree


def _difference(version: VersionStack, trial: VersionStack, lists: FileLists) -> str:
    mine, theirs = visible(version, lists), visible(trial, lists)
    for path in sorted(mine.keys() | theirs.keys()):
        one, other = mine.get(path), theirs.get(path)
        if one is None or other is None:
            return f"{version.name}: /{path} is {'not ' if other is None else 'only '}in the trial"
        if _facts(one) != _facts(other):
            return f"{version.name}: /{path} is not the same in the trial"
    changes = config_changes(version.image.config, trial.image.config)
    return f"{version.name}: {changes[0]}" if changes else ""


def _facts(file: LayerFile) -> tuple[object, ...]:
    """Everything but the time."""
    return (file.kind, file.size, file.content, file.mode, file.uid, file.gid, file.xattrs)


def _new_bytes(versions: Sequence[VersionStack]) -> int:
    return sum(
        layer.size
        for older, newer in pairwise(versions)
        for layer in newer.layers[shared_length(older, newer) :]
    )


def _drop(tree: dict[str, LayerFile], path: str, *, itself: bool) -> None:
    start = f"{path}/" if path else ""
    for one in [p for p in tree if p.startswith(start) or (itself and p == path)]:
        del tree[one]
