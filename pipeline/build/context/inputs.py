"""What a version is made of: its Containerfile, and every file that an instruction reads."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal

from pipeline.bootstrap.safe_files import read_text
from pipeline.build.context.digests import Digests
from pipeline.build.context.mounts import binds_of, bound_sources, mounts_of
from pipeline.errors import CapasError, InvalidSpec
from pipeline.lean_dataclasses import dataclass, field
from pipeline.spec.containerfile import Containerfile, Stage, parse
from pipeline.spec.containerfile.build import Build, Inheritance
from pipeline.spec.containerfile.steps import BuildStep, StageBuild
from pipeline.spec.context import ContextEntry
from pipeline.spec.ignorefile import IgnoreRules, find_ignore_file, parse_ignore
from pipeline.spec.model import ROOTFS_TAR, Version
from pipeline.spec.sources import CopySource, read_below

Place = tuple[int, int]
"""The index of a stage, and of an instruction in it."""

_REASONS = {
    "outside": "lies outside the context",
    "missing": "is not in the context",
    "ignored": "is left out by the ignore file",
    "unreadable": "cannot be read",
    "pattern": "is not a valid pattern",
    "name": "matches names that are patterns themselves",
}


@dataclass(frozen=True)
class File:
    """Something that a build reads from its context.

    Attributes:
        path: relative to the context, with slashes.
        mode: the permission bits that Buildah is shown: git's, unless the version keeps them.
        digest: of a file's content, in hexadecimal; a link's target; empty for a folder.
        place: where it really lies, relative to the context, the links among its folders followed.
    """

    path: str
    kind: Literal["file", "folder", "link"]
    mode: int
    digest: str
    place: str = field(default="", compare=False)


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
        chain: the last stage and the stages that it goes on from, by index.
        arguments: at each ARG of `stages`, the arguments that have a value from there on.
        rootfs: the prepared tar that the context is given, or None.
    """

    version: Version
    text: str
    containerfile: Containerfile
    stages: tuple[Stage, ...]
    references: tuple[str, ...]
    reads: Mapping[Place, tuple[CopySource, ...]]
    files: tuple[File, ...]
    base: str | None
    chain: frozenset[int]
    arguments: Mapping[Place, Mapping[str, str]]
    ignore: IgnoreRules
    rootfs: PreparedRootfs | None = None


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


def read_inputs(
    version: Version,
    digests: Digests,
    rootfs: PreparedRootfs | None = None,
    *,
    inherits: Inheritance = "replaced",
) -> Inputs:
    """Everything that a version is made of.

    Args:
        version: as the spec says.
        digests: makes the digests of contents.
        rootfs: the prepared tar that the context is given as `rootfs.tar`.
        inherits: what the Buildah that builds does with the ARGs of a stage below.

    Raises:
        CapasError: something that the build needs is missing, or cannot be read or copied.
        InvalidSpec: Buildah would not understand the Containerfile.
    """
    text, containerfile = read_containerfile(version)
    ignore = _ignore_rules(find_ignore_file(version.context, version.containerfile))
    made = frozenset({ROOTFS_TAR}) if rootfs else frozenset()
    build = Build(version.context, ignore, version.args, made, inherits=inherits)
    walk = build.stages(containerfile)
    stages = needed_stages(containerfile, version.target, walk)
    reads: dict[Place, tuple[CopySource, ...]] = {}
    references: dict[str, None] = {}
    for stage in stages:
        if stage.base_stage is None and stage.base != "scratch":
            references[stage.base] = None
        for place, step in enumerate(stage.steps):
            for name in _read_from(step):
                if _stage_before(containerfile, name, stage.stage.index) is None:
                    references[name] = None
            if (sources := _context_sources(step, version, ignore, made)) is not None:
                reads[stage.stage.index, place] = sources
    _refuse_problems(version, containerfile, reads)
    entries = (entry for sources in reads.values() for one in sources for entry in one.entries)
    return Inputs(
        version,
        text,
        containerfile,
        tuple(stage.stage for stage in stages),
        tuple(references),
        reads,
        _files(version, entries, digests, rootfs),
        *_foundation(walk, stages[-1]),
        _arguments(stages),
        ignore,
        rootfs,
    )


def needed_stages(
    containerfile: Containerfile, target: str | None, walk: Sequence[StageBuild]
) -> tuple[StageBuild, ...]:
    """The stages that lead to the target: Buildah passes over the others."""
    last = containerfile.stage(target) if target is not None else containerfile.stages[-1]
    waiting = [last.index] if last else []
    needed: set[int] = set()
    while waiting:
        stage = walk[waiting.pop()]
        needed.add(stage.stage.index)
        named = [name for step in stage.steps for name in _read_from(step)]
        others = [_stage_before(containerfile, name, stage.stage.index) for name in named]
        indices = [stage.base_stage, *(other.index for other in others if other)]
        waiting += [index for index in indices if index is not None and index not in needed]
    return tuple(walk[index] for index in sorted(needed))


def _arguments(stages: Sequence[StageBuild]) -> dict[Place, dict[str, str]]:
    found: dict[Place, dict[str, str]] = {}
    for stage in stages:
        for place, step in enumerate(stage.steps):
            if step.keyword == "ARG":
                # What the stage below declared has a LABEL of its own there.
                known = stage.args[stage.inherited : step.declared + len(step.arguments)]
                if given := {name: value for name, value in known if value is not None}:
                    found[stage.stage.index, place] = given
    return found


def _foundation(walk: Sequence[StageBuild], stage: StageBuild) -> tuple[str | None, frozenset[int]]:
    """The image below a stage, and the stages between the two with itself, by index."""
    chain = {stage.stage.index}
    while stage.base_stage is not None:
        stage = walk[stage.base_stage]
        chain.add(stage.stage.index)
    return (None if stage.base == "scratch" else stage.base), frozenset(chain)


def _stage_before(containerfile: Containerfile, name: str, index: int) -> Stage | None:
    stage = containerfile.stage(name)
    return stage if stage is not None and stage.index < index else None


def _read_from(step: BuildStep) -> list[str]:
    """The images or stages that an instruction reads besides what it stands on."""
    if step.keyword == "RUN":
        return [mount["from"] for mount in mounts_of(step) if mount.get("from")]
    return [step.flags["from"]] if step.flags.get("from") else []


def _context_sources(
    step: BuildStep, version: Version, ignore: IgnoreRules, made: frozenset[str]
) -> tuple[CopySource, ...] | None:
    """What an instruction reads from the context; None when it reads nothing from it.

    Everything that is not ignored, when a variable that only the base image knows decides.
    """
    if step.keyword == "RUN":
        return bound_sources(binds_of(step), version.context, ignore) or None
    if step.keyword not in {"COPY", "ADD"} or "from" in step.flags:
        return None
    if not step.certain:
        return (read_below(".", version.context, ignore),)
    given = tuple(_prepared(word) for word in step.arguments[:-1] if word in made)
    return (*given, *step.sources)


def _prepared(name: str) -> CopySource:
    return CopySource(
        name, "path", (name,), "file", (ContextEntry(name, name, "file", 0o644, place=name),)
    )


def _ignore_rules(path: Path | None) -> IgnoreRules:
    if path is None:
        return IgnoreRules()
    try:
        text = read_text(os.path.realpath(path), errors="surrogateescape")
    except OSError as error:  # also for a FIFO, which would be waited for
        raise CapasError(
            "the ignore file cannot be read",
            details=f"{path}: {error.strerror}",
            resolution="write one, or remove it: `capas validate` says more",
        ) from None
    return parse_ignore(text, path)


def _refuse_problems(
    version: Version, containerfile: Containerfile, reads: Mapping[Place, tuple[CopySource, ...]]
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
            resolution="correct the context or the Containerfile; an ignore file leaves files out",
        )


def _files(
    version: Version,
    entries: Iterable[ContextEntry],
    digests: Digests,
    rootfs: PreparedRootfs | None,
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
                digest = digests.of(version.context / entry.place)
            except OSError as error:
                unreadable.append(f"{entry.path!r}: {error.strerror}")
                continue
        found[entry.path] = File(entry.path, entry.kind, mode, digest, entry.place)
    if unreadable:
        raise CapasError(
            f"{version.short} cannot be built: its context has files that cannot be read",
            details="\n".join([str(version.context), *unreadable[:20]]),
            resolution="give yourself the right to read them, or leave them out by an ignore file",
        )
    return tuple(found[path] for path in sorted(found))


def git_mode(entry: ContextEntry) -> int:
    """The permission bits by git's rule: 755 for folders and what its owner may execute."""
    if entry.kind == "link":
        return 0o777
    return 0o755 if entry.kind == "folder" or entry.mode & 0o100 else 0o644
