"""Carry a Containerfile out in thought: replace variables, find sources, follow the image.

Facts from openshift/imagebuilder (`builder.go`, `dispatchers.go`) and Buildah's `add.go`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Literal

from pipeline.lean_dataclasses import dataclass, field, replace
from pipeline.spec.containerfile.folders import Folders
from pipeline.spec.containerfile.model import Containerfile, Instruction, Stage
from pipeline.spec.containerfile.parse import parse
from pipeline.spec.containerfile.steps import (
    SCRATCH,
    UNKNOWN,
    BuildStep,
    Destination,
    ImageState,
    StageBuild,
)
from pipeline.spec.containerfile.variables import (
    PLATFORM_ARGS,
    PROXIES,
    declared,
    expanded_step,
    handed,
)
from pipeline.spec.gopath import clean
from pipeline.spec.ignorefile import IgnoreRules
from pipeline.spec.sources import CopySource, read_source

LONGEST_PATH = 4096
"""Characters, Linux's PATH_MAX."""

Inheritance = Literal["no", "as written", "replaced"]
"""Whether a stage knows the ARGs of the stage that it goes on from, and whether variables in their
defaults are replaced first: versions of Buildah differ (`engine.generation`)."""


def _undescribed(_reference: str) -> ImageState | None:
    return None


@dataclass(frozen=True)
class Build:
    """How a Containerfile is built.

    Attributes:
        context: the folder that COPY and ADD read, or None when it is of no interest.
        ignore: what of the context they do not see.
        args: build arguments.
        made: what is put into the context right before the build, and so may be missing now.
        base: what is known of an image that is no stage, or None for nothing.
        inherits: what becomes of the ARGs of a stage where another one goes on from it.
    """

    context: Path | None = None
    ignore: IgnoreRules = field(default_factory=IgnoreRules)
    args: Mapping[str, str] = field(default_factory=dict)
    made: frozenset[str] = frozenset()
    base: Callable[[str], ImageState | None] = _undescribed
    inherits: Inheritance = "replaced"

    def stages(self, file: Containerfile) -> tuple[StageBuild, ...]:
        """All stages of a Containerfile, each as it would be carried out."""
        heading = self._heading(file.global_args)
        done: list[StageBuild] = []
        named: dict[str, StageBuild] = {}
        for stage in file.stages:
            built = _Walk(self, stage, heading, named).whole()
            done.append(built)
            named.setdefault(stage.name, built)
            named.setdefault(str(stage.index), built)
        return tuple(done)

    def _heading(self, instructions: Iterable[Instruction]) -> dict[str, str]:
        """The ARGs above the first FROM that have a value."""
        values = {name: value for name, value in self.args.items() if name in PROXIES}
        for instruction in instructions:
            for name, default in declared(instruction, values):
                value = self.args.get(name, default)
                if value is not None:
                    values[name] = value
        return values


class _Walk:
    """A stage being carried out."""

    def __init__(
        self,
        build: Build,
        stage: Stage,
        heading: Mapping[str, str],
        earlier: Mapping[str, StageBuild],
    ) -> None:
        self._build = build
        self._stage = stage
        self._heading = heading
        self._origin = expanded_step(stage.origin, heading, certain=True)
        self._base = self._origin.arguments[0] if self._origin.arguments else ""
        self._base_stage = earlier.get(self._base)
        self._before = self._state_of_base()
        self._image = self._before
        self._environment = dict(self._before.environment)
        self._args: list[tuple[str, str | None]] = []
        self._values: dict[str, str] = {
            name: value for name, value in build.args.items() if name in PROXIES
        }
        self._values |= self._environment
        self._handed = self._inherited(earlier)
        self._declare(self._handed)
        self._inherits = len(self._args)
        self._folders = Folders(self._before.folders)
        self._exposed = set(self._before.exposed)
        self._volumes = set(self._before.volumes)

    def _state_of_base(self) -> ImageState:
        if self._base_stage is not None:
            return self._base_stage.after
        if self._base == "scratch":
            return SCRATCH
        return self._build.base(self._base) or UNKNOWN

    def whole(self) -> StageBuild:
        """The stage from its first to its last step."""
        triggers = "FROM scratch\n" + "\n".join(self._before.onbuild)
        inherited = parse(triggers, Path("ONBUILD")).stages[0].instructions
        steps = [self._step(instruction, inherited=True) for instruction in inherited]
        steps += [self._step(i, inherited=False) for i in self._stage.instructions]
        after = ImageState(
            self._before.described,
            self._environment,
            self._image.workdir,
            self._image.user,
            frozenset(self._exposed),
            frozenset(self._volumes),
            self._folders.certain(),
        )
        base_stage = None if self._base_stage is None else self._base_stage.stage.index
        return StageBuild(
            self._stage,
            self._base,
            base_stage,
            self._origin,
            self._before,
            tuple(steps),
            tuple(self._args),
            after,
            self._inherits,
            (*self._handed, *self._handed_on()),
        )

    def _step(self, instruction: Instruction, *, inherited: bool) -> BuildStep:
        step = expanded_step(instruction, self._values, certain=self._before.described)
        step = replace(
            step,
            inherited=inherited,
            workdir=self._image.workdir,
            user=self._image.user,
            declared=len(self._args),
        )
        if step.keyword in {"ADD", "COPY"} and len(step.arguments) > 1:
            step = self._copied(step)
        elif not step.refused:
            self._apply(step)
        return step

    def _copied(self, step: BuildStep) -> BuildStep:
        written = step.arguments[:-1]
        sources: tuple[CopySource, ...] = ()
        context = self._build.context
        if context is not None and "from" not in step.flags and step.certain:
            documents = {w for w in written if w.startswith("<<")} if step.heredocs else set()
            wanted = [w for w in written if w not in documents | self._build.made]
            alone = len(written) == 1
            sources = tuple(
                read_source(word, context, self._build.ignore, alone=alone) for word in wanted
            )
        path = absolute(step.arguments[-1], self._image.workdir)
        is_folder = (
            path.endswith("/")
            or len(written) > 1
            or any(source.first == "folder" for source in sources)
        )
        there = self._folders.has(path)
        destination = Destination(path, is_folder or there, there, self._folders.may_have(path))
        self._folders.add(path if destination.is_folder else path.rpartition("/")[0])
        for source in sources if destination.is_folder else ():
            for entry in source.entries:
                if entry.kind == "folder":
                    self._folders.add(f"{path}/{entry.name}")
        return replace(step, sources=sources, destination=destination)

    def _apply(self, step: BuildStep) -> None:
        apply = {
            "ARG": self._arg,
            "ENV": self._env,
            "WORKDIR": self._workdir,
            "USER": self._user,
            "EXPOSE": self._expose,
            "VOLUME": self._volume,
            "RUN": self._run,
        }.get(step.keyword)
        if apply is not None and step.arguments:
            apply(step)

    def _inherited(self, earlier: Mapping[str, StageBuild]) -> tuple[str, ...]:
        """What the stage below hands on; Buildah looks for it by the FROM as it is written."""
        words = self._stage.origin.words
        below = earlier.get(words[0].text) if words else None
        return () if below is None or self._build.inherits == "no" else below.handed

    def _handed_on(self) -> tuple[str, ...]:
        own = [word for i in self._stage.instructions if i.keyword == "ARG" for word in i.words]
        if self._build.inherits == "as written":
            return tuple(word.text for word in own)
        return handed(own, {**PLATFORM_ARGS, **self._heading})

    def _arg(self, step: BuildStep) -> None:
        self._declare(step.arguments)

    def _declare(self, arguments: Iterable[str]) -> None:
        for argument in arguments:
            name, equals, default = argument.partition("=")
            value: str | None = (
                default if equals else PLATFORM_ARGS.get(name, self._heading.get(name))
            )
            value = self._build.args.get(name, value)
            self._args.append((name, value))
            if value is not None and name not in self._environment:
                self._values[name] = value

    def _env(self, step: BuildStep) -> None:
        pairs = zip(step.arguments[::2], step.arguments[1::2], strict=False)
        for name, value in pairs:
            self._environment[name] = self._values[name] = value

    def _workdir(self, step: BuildStep) -> None:
        path = absolute(step.arguments[0], self._image.workdir).rstrip("/") or "/"
        if len(path) > LONGEST_PATH:
            return  # no system has such a path: the build ends here
        self._image = replace(self._image, workdir=path)
        self._folders.add(path)

    def _user(self, step: BuildStep) -> None:
        self._image = replace(self._image, user=step.arguments[0])

    def _expose(self, step: BuildStep) -> None:
        self._exposed.update(port if "/" in port else f"{port}/tcp" for port in step.arguments)

    def _volume(self, step: BuildStep) -> None:
        self._volumes.update(clean(volume.strip()) for volume in step.arguments)

    def _run(self, step: BuildStep) -> None:
        self._folders.after_run(step.arguments, shell=not step.instruction.json)


def absolute(destination: str, workdir: str) -> str:
    """A COPY's destination from the root on; a slash at its end stays."""
    whole = destination if destination.startswith("/") else f"{workdir}/{destination}"
    path = clean(whole)
    slashed = destination.endswith(("/", "/.")) or destination in {".", ""}
    return f"{path}/" if slashed and path != "/" else path
