"""Why a layer of one version is not the layer of another: read from the images themselves."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from difflib import SequenceMatcher
from itertools import pairwise
from typing import Literal

from pipeline.engine.storage import StoredLayer
from pipeline.engine.tar_split import LayerFile
from pipeline.layers.chain import HistoryStep, VersionStack
from pipeline.layers.instruction import SQUASHED
from pipeline.lean_dataclasses import dataclass

FileLists = Callable[[StoredLayer], Sequence[LayerFile]]
Digests = Callable[[StoredLayer, str], str | None]
Aspect = Literal["added", "removed", "kind", "content", "mode", "owner", "attributes", "time"]
Kind = Literal["base", "instruction", "new", "removed", "files", "below", "unknown"]


@dataclass(frozen=True)
class FileChange:
    """One file that differs between two layers.

    Attributes:
        before: what it was: a digest, a mode, an owner; empty for an added file.
        after: what it is; empty for a removed file.
    """

    path: str
    aspect: Aspect
    before: str = ""
    after: str = ""


@dataclass(frozen=True)
class Cause:
    """Why a layer is new.

    Attributes:
        kind: `base` (another base below it), `instruction` (its text), `new` (an instruction
            that was not there), `removed` (one that stood before it is gone), `files` (what it
            copied or wrote), `below` (only a layer under it changed), `unknown`.
        text: one line that says it.
        files: what differs, for `files`.
    """

    kind: Kind
    text: str
    files: tuple[FileChange, ...] = ()


def causes(
    older: VersionStack, newer: VersionStack, lists: FileLists, digests: Digests
) -> list[Cause]:
    """The cause of every layer of `newer` above the stack that both share, bottom first."""
    shared = shared_length(older, newer)
    if shared == len(newer.layers):
        return []
    return list(_Parting(older, newer, shared, lists, digests).causes())


def shared_length(older: VersionStack, newer: VersionStack) -> int:
    """How many layers two versions share: equal ones, each on equal ones, from the bottom up."""
    count = 0
    for one, other in zip(older.image.diff_ids, newer.image.diff_ids, strict=False):
        if one != other:
            break
        count += 1
    return count


def file_changes(
    older: StoredLayer, newer: StoredLayer, lists: FileLists, digests: Digests
) -> Iterator[FileChange]:
    """What differs between the entries of two layers, by path."""
    before = {(f.path, f.kind == "opaque"): f for f in lists(older)}
    after = {(f.path, f.kind == "opaque"): f for f in lists(newer)}
    for key in sorted(before.keys() | after.keys()):
        one, other, path = before.get(key), after.get(key), key[0]
        if one is None:
            yield FileChange(path, "added", "", _content(newer, after[key], digests))
        elif other is None:
            yield FileChange(path, "removed", _content(older, one, digests), "")
        elif one != other:
            yield from _differences(older, newer, one, other, digests)


def _differences(
    older: StoredLayer, newer: StoredLayer, one: LayerFile, other: LayerFile, digests: Digests
) -> Iterator[FileChange]:
    path = other.path
    if one.kind != other.kind:
        yield FileChange(path, "kind", one.kind, other.kind)
        return
    if (one.size, one.content) != (other.size, other.content):
        yield FileChange(
            path, "content", _content(older, one, digests), _content(newer, other, digests)
        )
    if one.mode != other.mode:
        yield FileChange(path, "mode", f"{one.mode:o}", f"{other.mode:o}")
    if (one.uid, one.gid) != (other.uid, other.gid):
        yield FileChange(path, "owner", f"{one.uid}:{one.gid}", f"{other.uid}:{other.gid}")
    if one.xattrs != other.xattrs:
        yield FileChange(path, "attributes", one.xattrs, other.xattrs)
    if one.mtime != other.mtime:
        yield FileChange(path, "time", one.mtime, other.mtime)


def _content(layer: StoredLayer, file: LayerFile, digests: Digests) -> str:
    if file.kind == "file":
        digest = digests(layer, file.path)
        return f"sha256:{digest}" if digest else f"crc64:{file.content or '0'}"
    return f"{file.kind} {file.content}".strip()


@dataclass(frozen=True)
class _Parting:
    """Two versions and where they part."""

    older: VersionStack
    newer: VersionStack
    shared: int
    lists: FileLists
    digests: Digests

    def causes(self) -> Iterator[Cause]:
        pairs = _counterparts(self.older, self.newer, self.lists)
        bases = max(self.older.base.layers, self.newer.base.layers)
        place, first = 0, True
        for index, step in enumerate(self.newer.steps):
            if step.layer is None:
                continue
            if place >= self.shared:
                if self.shared < bases and place < self.newer.base.layers:
                    yield Cause("base", _base_text(self.older, self.newer))
                else:
                    at = pairs.get(index)
                    old = None if at is None else self.older.steps[at]
                    yield self.cause(old, step, first=first)
                first = False
            place += 1

    def cause(self, old: HistoryStep | None, step: HistoryStep, *, first: bool) -> Cause:
        """Why `step` made another layer than `old`, its counterpart, did."""
        if not step.instruction.keyword:
            return Cause(
                "unknown", "the image's history does not name the instruction that made it"
            )
        if old is None and step.instruction.keyword == SQUASHED:
            return Cause("instruction", "several instructions are one layer now")
        if old is None:
            return Cause("new", "a new instruction")
        if old.instruction != step.instruction:
            return Cause("instruction", f"it was {old.instruction}, is {step.instruction}")
        return self.files_cause(old, step, first=first) or self.below_cause(first=first)

    def files_cause(self, old: HistoryStep, step: HistoryStep, *, first: bool) -> Cause | None:
        """What differs in the files of two layers of the same instruction; None if nothing."""
        if old.layer is None or step.layer is None:
            return Cause("files", "it made no layer before")
        if old.layer.diff_id == step.layer.diff_id:
            return None
        changes = tuple(file_changes(old.layer, step.layer, self.lists, self.digests))
        if told := [change for change in changes if change.aspect != "time"]:
            return Cause("files", _files_text(told), changes)
        if not first:
            # It was made again because of a layer below, and so its files have other times.
            return None
        if changes:
            return Cause("files", "only times differ: built without a fixed timestamp", changes)
        return Cause("files", "the same files, packed in another way")

    def below_cause(self, *, first: bool) -> Cause:
        if self.shared < max(self.older.base.layers, self.newer.base.layers):
            return Cause("below", f"{_base_text(self.older, self.newer)}; its own files are equal")
        if first and self.shared < len(self.older.layers):
            gone = self.older.layer_steps[self.shared].instruction
            return Cause("removed", f"an instruction below it is gone: {gone}")
        return Cause("below", "a layer below it is another; its own files are equal")


def _counterparts(older: VersionStack, newer: VersionStack, lists: FileLists) -> dict[int, int]:
    """For each step of `newer` the step of `older` that it stands for, where there is one.

    Steps are paired by instruction and, for COPY and ADD, by the paths that they bring, because
    histories leave the sources out; what is left between such pairs, by instruction alone; and
    what is left then, by keyword: an instruction whose text was changed.
    """
    pairs: dict[int, int] = {}
    for key in (
        lambda step: (step.instruction, _paths(step, lists)),
        lambda step: step.instruction,
        lambda step: step.instruction.keyword,
    ):
        _pair_up(older.steps, newer.steps, key, pairs)
    return pairs


def _pair_up(
    older: Sequence[HistoryStep],
    newer: Sequence[HistoryStep],
    key: Callable[[HistoryStep], Hashable],
    pairs: dict[int, int],
) -> None:
    """Pair further steps with equal keys, between the pairs that are there, in order."""
    edges = [(-1, -1), *((b, a) for a, b in sorted(pairs.items())), (len(older), len(newer))]
    for (b1, a1), (b2, a2) in pairwise(edges):
        before = [key(step) for step in older[b1 + 1 : b2]]
        after = [key(step) for step in newer[a1 + 1 : a2]]
        matcher = SequenceMatcher(None, before, after, autojunk=False)
        for match in matcher.get_matching_blocks():
            for offset in range(match.size):
                pairs[a1 + 1 + match.b + offset] = b1 + 1 + match.a + offset


def _paths(step: HistoryStep, lists: FileLists) -> frozenset[str]:
    if step.layer is None or step.instruction.keyword not in ("COPY", "ADD"):
        return frozenset()
    return frozenset(f.path for f in lists(step.layer) if f.kind != "directory")


def _files_text(told: Sequence[FileChange]) -> str:
    first = told[0]
    more = f" (and {len(told) - 1} more)" if len(told) > 1 else ""
    return f"{describe_change(first)}{more}"


def describe_change(change: FileChange) -> str:
    """`/app/main.py changed: sha256 1a2b3c4d5e6f → 0f9e8d7c6b5a`."""
    path = f"/{change.path}"
    if change.aspect in ("added", "removed"):
        return f"{path} {change.aspect}"
    before, after = short_digest(change.before), short_digest(change.after)
    word = "changed" if change.aspect == "content" else f"{change.aspect} changed"
    return f"{path} {word}: {before} → {after}"


def short_digest(text: str) -> str:
    """A digest as people compare it: `sha256:` and its first 12 digits."""
    algorithm, separator, value = text.partition(":")
    if separator and algorithm == "sha256":
        return f"sha256:{value[:12]}"
    return text


def _base_text(older: VersionStack, newer: VersionStack) -> str:
    before, after = older.base.name or "another base", newer.base.name or "another base"
    if before != after:
        return f"the base was {before}, is {after}"
    return f"the base {after} has other layers than before"
