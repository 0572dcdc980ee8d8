"""What a version is made of: its Containerfile, and every file that an instruction reads."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pipeline.build.digests import Digests
from pipeline.build.variables import NotKnown, Scope, base_of, heading_values
from pipeline.errors import CapasError, InvalidSpec
from pipeline.spec.containerfile import Containerfile, Instruction, Stage, parse
from pipeline.spec.ignorefile import IgnoreRules, find_ignore_file, parse_ignore
from pipeline.spec.model import ROOTFS_TAR, Version
from pipeline.spec.sources import Entry, Source, read_source

Place = tuple[int, int]
"""The index of a stage, and of an instruction in it."""

_REASONS = {
    "outside": "lies outside the context",
    "missing": "is not in the context",
    "ignored": "is left out by the ignore file",
    "unreadable": "cannot be read",
    "pattern": "is no valid pattern",
    "name": "matches names that are patterns themselves",
}


@dataclass(frozen=True)
class File:
    """Something that a build reads from its context.

    Attributes:
        path: relative to the context, with slashes.
        mode: the permission bits that Buildah is shown: git's, unless the version keeps them.
        digest: of a file's content, in hexadecimal; a link's target; empty for a folder.
        actual_mode: the permission bits on disk.
    """

    path: str
    kind: Literal["file", "folder", "link"]
    mode: int
    digest: str
    actual_mode: int


@dataclass(frozen=True)
class Inputs:
    """Everything that decides what a version's image is, except the images it builds on.

    Attributes:
        text: of the Containerfile.
        stages: those that the build needs, in the file's order.
        references: the images that they read from, variables replaced, each once.
        reads: what each COPY and ADD of `stages` reads from the context.
        files: all that is read, each once, sorted by path.
        base: the image below the last stage and the stages it goes on from; None for `scratch`.
        own_steps: how many instructions stand on top of `base`.
        chain: the last stage and the stages that it goes on from, by index.
        rootfs: the prepared tar that the context is given, or None.
    """

    version: Version
    text: str
    containerfile: Containerfile
    stages: tuple[Stage, ...]
    references: tuple[str, ...]
    reads: Mapping[Place, tuple[Source, ...]]
    files: tuple[File, ...]
    base: str | None
    own_steps: int
    chain: frozenset[int]
    ignore: IgnoreRules
    rootfs: PreparedRootfs | None = None

    @property
    def end_line(self) -> int:
        """The last line of the Containerfile that belongs to the build."""
        last = self.stages[-1]
        return (last.instructions or (last.origin,))[-1].end_line


@dataclass(frozen=True)
class PreparedRootfs:
    """The tar that a context is given as `rootfs.tar`.

    Attributes:
        path: where it lies, or will lie when it is needed.
        digest: of its content, in hexadecimal.
    """

    path: Path
    digest: str


def read_containerfile(version: Version) -> tuple[str, Containerfile]:
    """The text of a version's Containerfile, and what it says.

    Raises:
        CapasError: it cannot be read.
        InvalidSpec: Buildah would not understand it.
    """
    try:
        text = version.containerfile.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError as error:
        raise CapasError(
            f"the Containerfile of {version.short} cannot be read",
            details=f"{version.containerfile}: {error.strerror}",
        ) from None
    parsed = parse(text, version.containerfile)
    if errors := [one for one in parsed.findings if one.severity == "error"]:
        raise InvalidSpec(errors)
    if version.target is not None and parsed.stage(version.target) is None:
        raise CapasError(
            f"{version.short} has no stage {version.target}",
            details=str(version.containerfile),
            resolution=f"its stages: {', '.join(stage.name for stage in parsed.stages)}",
        )
    return text, parsed


def read_inputs(version: Version, digests: Digests, rootfs: PreparedRootfs | None = None) -> Inputs:
    """Everything that a version is made of.

    Args:
        version: as the spec says.
        digests: makes the digests of contents.
        rootfs: the prepared tar that the context is given as `rootfs.tar`.

    Raises:
        CapasError: something that the build needs is missing, or cannot be read or copied.
        InvalidSpec: Buildah would not understand the Containerfile.
    """
    text, containerfile = read_containerfile(version)
    heading = heading_values(containerfile, version.args)
    bases = {
        stage.index: base_of(stage, heading, containerfile.escape) for stage in containerfile.stages
    }
    stages = needed_stages(containerfile, version.target, bases)
    ignore = _ignore_rules(find_ignore_file(version.context, version.containerfile))
    reads: dict[Place, tuple[Source, ...]] = {}
    references: dict[str, None] = {}
    for stage in stages:
        if (name := bases[stage.index]) != "scratch" and not _is_stage(
            containerfile, name, stage.index
        ):
            references[name] = None
        scope = Scope(version.args, heading, base_env=None)
        for place, one in enumerate(stage.instructions):
            source = _from(one, scope, containerfile.escape)
            if source is not None and not _is_stage(containerfile, source, stage.index):
                references[source] = None
            if one.keyword in {"COPY", "ADD"} and source is None:
                written = _sources_of(one, scope, containerfile.escape)
                reads[stage.index, place] = tuple(
                    _read_one(text, version, ignore, rootfs, alone=len(written) == 1)
                    for text in written
                )
            elif one.keyword == "RUN" and _binds_context(one):
                reads[stage.index, place] = (read_source(".", version.context, IgnoreRules()),)
            _apply(scope, one, containerfile.escape)
    _refuse_problems(version, containerfile, reads)
    entries = (entry for sources in reads.values() for one in sources for entry in one.entries)
    return Inputs(
        version,
        text,
        containerfile,
        stages,
        tuple(references),
        reads,
        _files(version, entries, digests, rootfs),
        *_foundation(containerfile, stages[-1], bases),
        ignore,
        rootfs,
    )


def needed_stages(
    containerfile: Containerfile, target: str | None, bases: Mapping[int, str]
) -> tuple[Stage, ...]:
    """The stages that lead to the target: Buildah passes over the others."""
    stages = containerfile.stages
    last = containerfile.stage(target) if target is not None else stages[-1]
    waiting = [last] if last else []
    needed: dict[int, Stage] = {}
    while waiting:
        stage = waiting.pop()
        needed[stage.index] = stage
        named = [bases[stage.index], *(_plain_from(one) for one in stage.instructions)]
        for name in named:
            other = _stage_before(containerfile, name, stage.index)
            if other is not None and other.index not in needed:
                waiting.append(other)
    return tuple(needed[index] for index in sorted(needed))


def _foundation(
    containerfile: Containerfile, stage: Stage, bases: Mapping[int, str]
) -> tuple[str | None, int, frozenset[int]]:
    """The image below a stage, and how many instructions of which stages stand between the two."""
    steps = len(stage.instructions)
    chain = {stage.index}
    while (below := _stage_before(containerfile, bases[stage.index], stage.index)) is not None:
        stage = below
        steps += len(stage.instructions)
        chain.add(stage.index)
    name = bases[stage.index]
    return (None if name == "scratch" else name), steps, frozenset(chain)


def _stage_before(containerfile: Containerfile, name: str, index: int) -> Stage | None:
    for stage in containerfile.stages[:index]:
        if name and name in (stage.name, str(stage.index)):
            return stage
    return None


def _is_stage(containerfile: Containerfile, name: str, index: int) -> bool:
    return _stage_before(containerfile, name, index) is not None


def _plain_from(instruction: Instruction) -> str:
    if instruction.keyword in {"COPY", "ADD"}:
        return instruction.flag("from") or ""
    return _mount_value(instruction, "from") if instruction.keyword == "RUN" else ""


def _from(instruction: Instruction, scope: Scope, escape: str) -> str | None:
    """The image or stage that an instruction reads from, or None."""
    name = _plain_from(instruction)
    try:
        return scope.expand(name, escape) if name else None
    except NotKnown:
        return name


def _mounts(instruction: Instruction) -> list[dict[str, str]]:
    return [
        dict(part.partition("=")[::2] for part in word.text.removeprefix("--mount=").split(","))
        for word in instruction.flags
        if word.text.startswith("--mount=")
    ]


def _mount_value(instruction: Instruction, key: str) -> str:
    return next((mount[key] for mount in _mounts(instruction) if key in mount), "")


def _binds_context(instruction: Instruction) -> bool:
    return any(
        mount.get("type", "bind") == "bind" and "from" not in mount
        for mount in _mounts(instruction)
    )


def _sources_of(instruction: Instruction, scope: Scope, escape: str) -> list[str]:
    """The sources of a COPY or ADD; the whole context when only the base image knows them."""
    if instruction.heredocs:
        return []
    try:
        return [scope.expand(word, escape) for word in instruction.arguments[:-1]]
    except NotKnown:
        return ["."]


def _apply(scope: Scope, instruction: Instruction, escape: str) -> None:
    try:
        scope.apply(instruction, escape)
    except NotKnown:
        # A value that refers to the base image: whoever uses it reads the whole context.
        for word in instruction.arguments:
            scope.env.pop(word, None)


def _read_one(
    written: str,
    version: Version,
    ignore: IgnoreRules,
    rootfs: PreparedRootfs | None,
    *,
    alone: bool,
) -> Source:
    if rootfs is not None and os.path.normpath(written) == ROOTFS_TAR:
        entry = Entry(ROOTFS_TAR, ROOTFS_TAR, "file", 0o644)
        return Source(written, "path", (ROOTFS_TAR,), "file", (entry,))
    return read_source(written, version.context, ignore, alone=alone)


def _ignore_rules(path: Path | None) -> IgnoreRules:
    if path is None:
        return IgnoreRules()
    try:
        text = path.read_bytes().decode("utf-8", "surrogateescape")
    except OSError as error:
        raise CapasError(
            "the ignore file cannot be read", details=f"{path}: {error.strerror}"
        ) from None
    return parse_ignore(text, path)


def _refuse_problems(
    version: Version, containerfile: Containerfile, reads: Mapping[Place, tuple[Source, ...]]
) -> None:
    lines: list[str] = []
    for (stage, place), sources in reads.items():
        instruction = containerfile.stages[stage].instructions[place]
        where = f"{version.containerfile.name}:{instruction.start_line}"
        for source in sources:
            passed_over = source.kind == "pattern" and any(one.found for one in sources)
            if source.problem and not (source.problem == "missing" and passed_over):
                detail = f" ({source.detail})" if source.detail else ""
                lines.append(f"{where}: {source.written!r} {_REASONS[source.problem]}{detail}")
            lines += [
                f"{where}: {entry.path!r} is a FIFO or a device"
                for entry in source.entries
                if entry.kind == "other"
            ]
    if lines:
        raise CapasError(
            f"{version.short} cannot be built from {version.context}",
            details="\n".join(lines[:20]),
            resolution="mend the context or the Containerfile; an ignore file leaves files out",
        )


def _files(
    version: Version, entries: Iterable[Entry], digests: Digests, rootfs: PreparedRootfs | None
) -> tuple[File, ...]:
    found: dict[str, File] = {}
    unreadable: list[str] = []
    for entry in entries:
        if entry.path in found or entry.kind == "other":
            continue
        mode = entry.mode if version.keep_modes else git_mode(entry)
        digest = entry.target
        if rootfs is not None and entry.path == ROOTFS_TAR:
            digest = rootfs.digest
        elif entry.kind == "file":
            try:
                digest = digests.of(version.context / entry.path)
            except OSError as error:
                unreadable.append(f"{entry.path!r}: {error.strerror}")
                continue
        found[entry.path] = File(entry.path, entry.kind, mode, digest, entry.mode)
    if unreadable:
        raise CapasError(
            f"{version.short} cannot be built: its context has files that cannot be read",
            details="\n".join([str(version.context), *unreadable[:20]]),
            resolution="give yourself the right to read them, or leave them out by an ignore file",
        )
    return tuple(found[path] for path in sorted(found))


def git_mode(entry: Entry) -> int:
    """The permission bits by git's rule: 755 for folders and what its owner may execute."""
    if entry.kind == "link":
        return 0o777
    return 0o755 if entry.kind == "folder" or entry.mode & 0o100 else 0o644
