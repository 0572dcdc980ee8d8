"""What hurts the reuse of layers, or puts files where nobody looks for them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from pipeline.lean_dataclasses import dataclass
from pipeline.lean_re import lazy_pattern
from pipeline.output.findings.finding import Finding
from pipeline.spec.containerfile.build import LONGEST_PATH
from pipeline.spec.containerfile.steps import BuildStep, StageBuild
from pipeline.spec.lint.subject import LintSubject

_INSTALL = lazy_pattern(
    r"""(?:^|[\s;&|(])(?:
        (?:pip3?|python3?\s+-m\s+pip)\s+install\s+(?!(?:-e\s+|--no-deps\s+|-\S+\s+)*\.)
      | npm\s+(?:ci|install|i)\b | yarn\s*(?:$|[;&]|install\b) | pnpm\s+(?:install|i)\b
      | bundle\s+install\b | composer\s+install\b | go\s+mod\s+download\b
      | poetry\s+install\b | pipenv\s+(?:install|sync)\b | uv\s+(?:sync\b|pip\s+install\s+-r)
      | (?:apt|apt-get)\s+(?:-\S+\s+)*install\b | apk\s+(?:-\S+\s+)*add\b
      | (?:dnf|yum|microdnf)\s+(?:-\S+\s+)*install\b
    )""",
    re.VERBOSE,
)
_MANIFESTS = {
    "pip": "requirements.txt", "npm": "package*.json", "yarn": "package.json and yarn.lock",
    "pnpm": "package.json and pnpm-lock.yaml", "bundle": "Gemfile*", "composer": "composer.*",
    "go": "go.mod and go.sum", "poetry": "pyproject.toml and poetry.lock", "pipenv": "Pipfile*",
    "uv": "pyproject.toml and uv.lock",
}  # fmt: skip
_APT_UPDATE = lazy_pattern(r"(?:^|[\s;&|(])apt(?:-get)?\s+(?:-\S+\s+)*update\b")
_APT_USE = lazy_pattern(
    r"apt(?:-get)?\s+(?:-\S+\s+)*(?:install|upgrade|dist-upgrade|full-upgrade|build-dep)\b"
)
_READS_ONLY = lazy_pattern(r"\s*(?:ls|cat|test|\[|stat|find|du|head|tail|grep|true|echo)\b[^>]*")
_PATH = lazy_pattern(r"(?<![\w.-])/[\w./+-]*")
_ARCHIVE_SIGNS = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd")
_APPLICATION_FOLDERS = lazy_pattern(
    r"(?:.*/)?(?:app|apps|application|code|conf|config|data|html|lib|project|public|scripts|server"
    r"|site|src|static|templates|work|workdir|workspace|www)"
)


def copy_before_install(subject: LintSubject) -> Iterator[Finding]:
    """The whole context copied before the dependencies are installed."""
    for stage in subject.stages:
        copied: BuildStep | None = None
        for step in stage.steps:
            if _copies_all(step):
                copied = copied or step
            elif copied and step.keyword == "RUN" and not copied.inherited:
                command = " ".join(step.arguments)
                if found := _INSTALL.search(command):
                    tool = found[0].strip(" ;&|(\t").split()[0]
                    yield _copied_too_early(subject, copied, step, tool)
                    copied = None


def _copied_too_early(
    subject: LintSubject, copied: BuildStep, install: BuildStep, tool: str
) -> Finding:
    manifest = _MANIFESTS.get(tool.rstrip("3").replace("python", "pip"))
    line = install.instruction.where[0]
    hint = f"move it below line {line}"
    if manifest:
        hint = f"copy {manifest} first, install, then copy the rest"
    message = f"all files are copied before {tool} installs on line {line}"
    return subject.at("CAP220", copied.instruction, message, hint)


def _copies_all(step: BuildStep) -> bool:
    if step.keyword not in {"ADD", "COPY"} or "from" in step.flags:
        return False
    if any("" in source.found for source in step.sources):
        return True
    return any(text in {".", "./", "/", "*", "./*"} for text in step.arguments[:-1])


def copy_to_missing_folder(subject: LintSubject) -> Iterator[Finding]:
    """A file copied to what reads like a folder, without the slash that makes it one."""
    for stage in subject.stages:
        uses = _Uses.of(stage.steps)
        for index, step in enumerate(stage.steps):
            goal = step.destination
            if step.inherited or goal is None or goal.is_folder or goal.maybe or not step.certain:
                continue
            several = len(step.sources) == 1 and len(step.sources[0].found) > 1
            if several or _meant_as_folder(step, goal.path, index, uses):
                yield _becomes_file(subject, step, several=several)


def _becomes_file(subject: LintSubject, step: BuildStep, *, several: bool) -> Finding:
    written = step.arguments[-1]
    message = f"{written} becomes a file unless the base has a folder of that name"
    if several:
        message = f"all that matches is written to one file {written}, over each other"
    word = step.instruction.words[-1]
    return subject.at("CAP221", step.instruction, message, f"write {written}/", word)


@dataclass(frozen=True)
class _Uses:
    """How the steps of a stage use paths: each with the last step that uses it so."""

    as_folder: Mapping[str, int]
    as_file: Mapping[str, int]

    @classmethod
    def of(cls, steps: Iterable[BuildStep]) -> _Uses:
        as_folder: dict[str, int] = {}
        as_file: dict[str, int] = {}
        for index, step in enumerate(steps):
            if step.destination is not None:
                as_folder[step.destination.path.rstrip("/")] = index
            if step.keyword == "WORKDIR" and step.arguments:
                as_folder[step.arguments[0].rstrip("/")] = index
            for path in (p for text in step.arguments for p in paths_in(text)):
                *above, whole = _ends(path)
                as_folder |= {path[:end]: index for end in above}
                if step.keyword in {"RUN", "CMD", "ENTRYPOINT"}:
                    as_file[path[:whole]] = index
        return cls(as_folder, as_file)


def _meant_as_folder(step: BuildStep, path: str, index: int, uses: _Uses) -> bool:
    """Whether what follows, or the name alone, shows that a folder was meant."""
    if len(step.arguments) != 2 or "from" in step.flags:
        return False
    source = step.arguments[0].rstrip("/").rpartition("/")[2]
    name = path.rpartition("/")[2]
    if name == source or "." in name:
        return False
    if uses.as_folder.get(path, index) > index:
        return True
    used_as_file = uses.as_file.get(path, index) > index
    return not used_as_file and _APPLICATION_FOLDERS.fullmatch(path) is not None


def paths_in(text: str) -> Iterator[str]:
    """The absolute paths that a command names; longer ones than Linux has are none."""
    for path in _PATH.findall(text):
        if len(path) <= LONGEST_PATH:
            yield path


def add_for_copy(subject: LintSubject) -> Iterator[Finding]:
    """ADD of nothing that COPY could not do."""
    for _, step in subject.steps:
        if step.keyword != "ADD" or not step.sources or step.instruction.heredocs:
            continue
        plain = all(
            source.kind != "url" and source.problem is None and not _unpacked(subject, step)
            for source in step.sources
        )
        if plain:
            yield subject.at("CAP223", step.instruction, "ADD does nothing here that COPY does not")


def _unpacked(subject: LintSubject, step: BuildStep) -> bool:
    """Whether ADD would unpack one of the files, or that cannot be seen."""
    if subject.context is None:
        return True
    single = {path for source in step.sources for path in source.found}
    files = (e.path for s in step.sources for e in s.entries if e.kind == "file")
    return any(_is_archive(subject.context / path) for path in files if path in single)


def _is_archive(path: Path) -> bool:
    try:
        with path.open("rb") as opened:
            start = opened.read(512)
    except OSError:
        return True
    return start.startswith(_ARCHIVE_SIGNS) or start[257:262] == b"ustar"


def apt_update_alone(subject: LintSubject) -> Iterator[Finding]:
    """Package lists in a layer of their own."""
    for _, step in subject.steps:
        if step.keyword == "RUN":
            command = " ".join([*step.arguments, *(d.content for d in step.heredocs)])
            if _APT_UPDATE.search(command) and not _APT_USE.search(command):
                hint = "RUN apt-get update && apt-get install … in one instruction"
                message = "the package lists are updated in a layer of their own"
                yield subject.at("CAP226", step.instruction, message, hint)


def write_after_volume(subject: LintSubject) -> Iterator[Finding]:
    """RUN that writes into a volume declared above it."""
    for stage in subject.stages:
        volumes = {volume.rstrip("/"): 0 for volume in sorted(stage.before.volumes)}
        for step in stage.steps:
            if step.keyword == "VOLUME":
                line = step.instruction.where[0]
                volumes |= {volume.strip().rstrip("/"): line for volume in step.arguments}
            elif step.keyword == "RUN" and volumes and not step.inherited:
                yield from _lost(subject, step, volumes)


def _lost(subject: LintSubject, step: BuildStep, volumes: dict[str, int]) -> Iterator[Finding]:
    parts = re.split(r"&&|\|\||[;|\n]", " ".join(step.arguments))
    writing = " ".join(part for part in parts if not _READS_ONLY.fullmatch(part))
    for path in paths_in(writing):
        above = (path[:end] for end in _ends(path))
        volume = next((part for part in above if part in volumes), None)
        if volume is not None:
            line = volumes[volume]
            where = f"declared on line {line}" if line else "of the base"
            message = (
                f"Buildah before 1.37 loses what is written to {path}: {volume} is a volume {where}"
            )
            yield subject.at("CAP227", step.instruction, message, "move VOLUME below this line")
            return


def _ends(path: str) -> Iterator[int]:
    for index, char in enumerate(path):
        if char == "/" and index:
            yield index
    yield len(path)


def overridden(subject: LintSubject) -> Iterator[Finding]:
    """CMD, ENTRYPOINT and HEALTHCHECK that a later one in the stage replaces."""
    for stage in subject.stages:
        yield from _overridden_in(subject, stage)


def _overridden_in(subject: LintSubject, stage: StageBuild) -> Iterator[Finding]:
    last = {
        step.keyword: step
        for step in stage.steps
        if step.keyword in {"CMD", "ENTRYPOINT", "HEALTHCHECK"} and not step.inherited
    }
    for step in stage.steps:
        final = last.get(step.keyword)
        if final is not None and final is not step and not step.inherited:
            line = final.instruction.where[0]
            message = f"{step.keyword} is replaced by the one on line {line}"
            yield subject.at("CAP235", step.instruction, message, "remove it")
