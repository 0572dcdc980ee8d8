"""From Containerfiles, or a whole spec, to their findings."""

from __future__ import annotations

import stat
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path

from pipeline.lean_dataclasses import dataclass, field, replace
from pipeline.output.findings.finding import Finding
from pipeline.spec.containerfile import Containerfile, parse
from pipeline.spec.containerfile.build import Build
from pipeline.spec.containerfile.steps import UNKNOWN, ImageState, StageBuild
from pipeline.spec.ignorefile import load_ignore_rules
from pipeline.spec.lint.bases import image_names
from pipeline.spec.lint.exceptions import without_excepted
from pipeline.spec.lint.layers import (
    add_for_copy,
    apt_update_alone,
    copy_before_install,
    copy_to_missing_folder,
    overridden,
    write_after_volume,
)
from pipeline.spec.lint.reading import (
    missing_stages,
    misspelt_stages,
    unreadable_sources,
    unset_variables,
)
from pipeline.spec.lint.running import (
    almost_json,
    dropped_by_oci,
    ports_not_exposed,
    root_with_ports,
    secrets,
    shell_form,
)
from pipeline.spec.lint.subject import LintSubject, Published
from pipeline.spec.lint.validity import refused_instructions
from pipeline.spec.model import ROOTFS_TAR, Pipeline, Version
from pipeline.spec.problem import Problem, suggestion
from pipeline.spec.rules import finding
from pipeline.spec.textfile import kind_at

Examine = Callable[[LintSubject], Iterator[Finding]]
EXAMINATIONS: tuple[Examine, ...] = (
    refused_instructions,
    unreadable_sources,
    missing_stages,
    misspelt_stages,
    unset_variables,
    image_names,
    copy_before_install,
    copy_to_missing_folder,
    add_for_copy,
    apt_update_alone,
    write_after_volume,
    overridden,
    secrets,
    root_with_ports,
    shell_form,
    ports_not_exposed,
    almost_json,
    dropped_by_oci,
)
LARGEST = 4 * 1024 * 1024
"""Bytes of a Containerfile; a larger one is a mistake."""


def read_containerfile(path: Path) -> Containerfile:
    """The Containerfile at `path`; what cannot be read is a finding."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            kind = "a folder" if stat.S_ISDIR(status.st_mode) else "not a regular file"
            return _unreadable(path, f"the Containerfile is {kind}")
        if status.st_size > LARGEST:
            return _unreadable(path, f"the Containerfile has {status.st_size} bytes")
        content = path.read_bytes()
    except FileNotFoundError:
        return _unreadable(path, "there is no such Containerfile")
    except OSError as error:
        return _unreadable(path, f"the Containerfile cannot be read: {error.strerror}")
    return _decoded(path, content)


def _decoded(path: Path, content: bytes) -> Containerfile:
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        start = content.rfind(b"\n", 0, error.start) + 1
        column = len(content[start : error.start].decode()) + 1
        return _unreadable(path, f"byte {content[error.start]:#04x} is not UTF-8", line, column)
    if (nul := text.find("\0")) >= 0:
        line, column = text.count("\n", 0, nul) + 1, nul - text.rfind("\n", 0, nul)
        return _unreadable(path, "a NUL byte: this is not text", line, column)
    return parse(text, path)


def _unreadable(path: Path, message: str, line: int = 0, column: int = 0) -> Containerfile:
    return Containerfile(path, findings=(finding("CAP200", path, line, column, message),))


def lint_containerfile(
    file: Containerfile,
    build: Build,
    *,
    target: str | None = None,
    published: Iterable[Published] = (),
) -> tuple[Finding, ...]:
    """Everything there is to say about a Containerfile.

    Args:
        file: the Containerfile; its own findings are among the result.
        build: the context that it reads, its arguments and what is known of its bases.
        target: the stage that becomes the image, or None for the last one.
        published: the ports that services publish of it.
    """
    return _examined(file, build, build.stages(file), target, published)


def _examined(
    file: Containerfile,
    build: Build,
    stages: tuple[StageBuild, ...],
    target: str | None,
    published: Iterable[Published],
) -> tuple[Finding, ...]:
    index = _target(file, target)
    subject = LintSubject(file, build.context, stages, index, tuple(published))
    found = [*file.findings, *build.ignore.findings]
    for examine in EXAMINATIONS:
        found += examine(subject)
    return without_excepted(file, found)


def _target(file: Containerfile, target: str | None) -> int:
    """The number of the stage that becomes the image; the last one when there is no such."""
    stage = file.stage(target) if target else None
    return stage.index if stage else len(file.stages) - 1


def lint_pipeline(pipeline: Pipeline, folder: Path) -> tuple[Finding, ...]:
    """Everything there is to say about the Containerfiles of a spec, each finding once.

    Args:
        pipeline: the spec.
        folder: the user's: paths below it are told relative to it.
    """
    linted = _Images(pipeline)
    found = {f for version in pipeline.versions for f in linted.findings(version)}
    return tuple(sorted(replace(one, path=_told(one.path, folder)) for one in found))


def _told(path: Path, folder: Path) -> Path:
    return path.relative_to(folder) if path.is_relative_to(folder) else path


def target_problems(pipeline: Pipeline) -> Iterator[Problem]:
    """Versions whose `target` is no stage of their Containerfile."""
    for version in pipeline.versions:
        if version.target is None or kind_at(version.containerfile) != "file":
            continue
        file = read_containerfile(version.containerfile)
        if not file.stages or file.stage(version.target) is not None:
            continue
        names = [stage.name for stage in file.stages]
        path = ("images", version.image, "versions", version.name, "target")
        message = f"{version.containerfile.name} has no stage `{version.target}`"
        yield Problem("CAP240", path, message, suggestion(version.target, names))


@dataclass
class _Images:
    """The images of a spec: what is known of one is what its Containerfile does to its base."""

    pipeline: Pipeline
    _files: dict[Path, Containerfile] = field(default_factory=dict)
    _carried: dict[str, tuple[Build, tuple[StageBuild, ...]]] = field(default_factory=dict)
    _begun: set[str] = field(default_factory=set)

    def findings(self, version: Version) -> tuple[Finding, ...]:
        kinds = kind_at(version.context), kind_at(version.containerfile)
        if kinds != ("folder", "file"):
            return ()  # the spec's own checks tell it
        build, stages = self._carried_out(version)
        published = self._ports.get((version.image, version.name), ())
        return _examined(self._file(version), build, stages, version.target, published)

    def state(self, reference: str) -> ImageState | None:
        """What is known of the image that a reference names, when the spec builds it."""
        version = self._versions.get(reference)
        if version is None or (reference in self._begun and reference not in self._carried):
            return None  # an image that starts from itself is unknown, like a foreign one
        stages = self._carried_out(version)[1]
        if not stages:
            return None
        state = stages[_target(self._file(version), version.target)].after
        if version.rootfs is not None:
            # Its packages hold the folders of a usual system.
            return replace(state, folders=state.folders | UNKNOWN.folders)
        return state

    @cached_property
    def _ports(self) -> Mapping[tuple[str, str], tuple[Published, ...]]:
        return _published(self.pipeline)

    @cached_property
    def _versions(self) -> Mapping[str, Version]:
        return {version.reference: version for version in self.pipeline.versions}

    def _carried_out(self, version: Version) -> tuple[Build, tuple[StageBuild, ...]]:
        key = version.reference
        self._begun.add(key)
        if key not in self._carried:
            ignore = load_ignore_rules(version.context, version.containerfile)
            made = frozenset() if version.rootfs is None else frozenset({ROOTFS_TAR})
            build = Build(version.context, ignore, version.args, made, self.state)
            self._carried[key] = build, build.stages(self._file(version))
        return self._carried[key]

    def _file(self, version: Version) -> Containerfile:
        path = version.containerfile
        if path not in self._files:
            self._files[path] = read_containerfile(path)
        return self._files[path]


def _published(pipeline: Pipeline) -> Mapping[tuple[str, str], tuple[Published, ...]]:
    """What services publish, by the image and the version that they run."""
    published: dict[tuple[str, str], list[Published]] = defaultdict(list)
    for service in pipeline.services.values():
        image = pipeline.images.get(service.image) if service.built_here else None
        if image is not None:
            key = image.name, service.version or image.newest.name
            published[key] += (
                Published(service.name, f"{port.target}/{port.protocol}", service.user)
                for port in service.ports
            )
    return {key: tuple(ports) for key, ports in published.items()}
