"""Which instructions of a build will be taken from the store: the build carried out in thought.

Execute in `stage_executor.go` (Buildah 1.28 and later) walks the instructions of a stage, and looks
for the result of each as long as each one before it was found; after the first that is not found
none is looked for. What differs between versions of Buildah is in `engine.generation`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from pipeline.build.archive import CannotTell
from pipeline.build.arguments import arguments_at, run_arguments
from pipeline.build.chown import owner_of
from pipeline.build.created_by import NOP, run_text
from pipeline.build.image_files import NOTHING, ImageFiles, with_copied
from pipeline.build.inputs import Inputs, Place
from pipeline.build.labelling import seconds_of
from pipeline.build.recipe import arguments_instruction
from pipeline.build.search import Foundation, Wanted, made_on, search
from pipeline.build.summary import Given, brought, summaries
from pipeline.build.summary_documents import summaries_of_documents
from pipeline.build.summary_from import brought_from, summaries_from
from pipeline.engine.build_cache import CacheImage, Past
from pipeline.engine.generation import GENERATIONS, Generation
from pipeline.spec.containerfile import FILE_INSTRUCTIONS, Instruction, parse
from pipeline.spec.containerfile.build import Build, absolute
from pipeline.spec.containerfile.steps import ImageState, StageBuild, Step
from pipeline.spec.containerfile.variables import PLATFORM_ARGS

State = Literal["reuse", "rebuild", "unknown"]
FROM, INHERITED, ARGUMENTS = -1, -2, -3
"""Places of a stage's FROM, of what an ONBUILD of the base kept for it, of our LABELs after ARG."""


def parsed(text: str) -> Instruction:
    """One instruction from its text."""
    return parse(f"FROM scratch\n{text}\n", Path("Containerfile")).stages[0].instructions[0]


_UNKNOWN_LABEL = parsed('LABEL "of"="an image below that is not built yet"')


@dataclass(frozen=True)
class Forecast:
    """What is foreseen for one instruction.

    Attributes:
        stage: 0 for the first.
        place: of the instruction in its stage, from 0; or FROM, INHERITED or ARGUMENTS.
        texts: what Buildah would write into the history; several when that depends on the
            destination, none when only the build will know. Of FROM, the image's name.
        below: what it stands on, when that is in the store.
        found: the image that will be taken; without an id when a build before this one in the
            same run will make it.
        reason: why it is not known, for `unknown`.
    """

    stage: int
    place: int
    instruction: Instruction
    state: State
    texts: tuple[str, ...] = ()
    below: Foundation | None = None
    found: CacheImage | None = None
    reason: str = ""


@dataclass
class _Standing:
    """How far a stage came.

    Attributes:
        foundation: the image so far; None when nothing can be said of it.
        searching: whether everything so far was found.
        unknown: why nothing certain can be said from here on; empty as long as it can.
    """

    foundation: Foundation | None
    searching: bool = True
    unknown: str = ""

    def settle(self, after: ImageState) -> None:
        """At the end of a stage: what an image that is to be made hands on to the next one."""
        image = self.foundation.image if self.foundation else None
        if image is not None and not image.id:
            env = [f"{name}={value}" for name, value in after.environment.items()]
            config = {"Env": env, "WorkingDir": after.workdir}
            self.foundation = Foundation.of(replace(image, config=config))


@dataclass(frozen=True)
class Forecaster:
    """Foresees the instructions of one build.

    Attributes:
        inputs: of the build.
        images: all of the store, in its order; those that this build would make are added.
        bases: the image of each reference; None for one that is not there yet.
        label: the LABEL that the build adds; None while its values are not known.
        stamp: the time that the build's history gets, as RFC 3339.
        files_of: the files of an image of the store.
        contents: the files of images that builds of this run would make, by their top layers.
        doubts: by reference, why it is not known whether an image will come out as another one.
        cache: whether the build looks for earlier results at all.
        generation: of the Buildah that will build.
    """

    inputs: Inputs
    images: list[CacheImage]
    bases: Mapping[str, CacheImage | None]
    label: Instruction | None
    stamp: str
    files_of: Callable[[CacheImage], ImageFiles]
    contents: dict[str, Callable[[], ImageFiles]] = field(default_factory=dict)
    doubts: Mapping[str, str] = field(default_factory=dict)
    cache: bool = True
    generation: Generation = GENERATIONS[-1]
    _stages: dict[int, _Standing] = field(default_factory=dict, init=False)

    def all(self) -> tuple[Forecast, ...]:
        """Every instruction of every stage that the build needs, FROMs included."""
        args, inherits = self.inputs.version.args, self.generation.inherits
        build = Build(args=args, base=self._state, inherits=inherits)
        walk = build.stages(self.inputs.containerfile)
        needed = {stage.index for stage in self.inputs.stages}
        found: list[Forecast] = []
        for stage in walk:
            if stage.stage.index in needed:
                found += self._stage(stage)
        return tuple(found)

    def _state(self, reference: str) -> ImageState | None:
        """What the store knows of a base."""
        image = self.bases.get(reference)
        if image is None:
            return None
        pairs = (entry.partition("=") for entry in image.config.get("Env") or ())
        return ImageState(
            described=True,
            environment={name: value for name, _, value in pairs},
            workdir=image.config.get("WorkingDir") or "/",
            onbuild=tuple(image.config.get("OnBuild") or ()),
        )

    def _stage(self, stage: StageBuild) -> list[Forecast]:
        index = stage.stage.index
        standing = self._standing(stage)
        image = standing.foundation.image if standing.foundation else None
        there = standing.foundation is not None and (image is None or bool(image.id))
        state: State = "unknown" if standing.unknown else "rebuild"
        forecasts = [
            Forecast(
                index,
                FROM,
                stage.stage.origin,
                "reuse" if there else state,
                (stage.base,),
                found=image,
                reason=standing.unknown,
            )
        ]
        inherited = sum(step.inherited for step in stage.steps)
        for number, step in enumerate(stage.steps):
            place = INHERITED if step.inherited else number - inherited
            forecasts.append(self._one(stage, place, step, standing))
            if given := self.inputs.arguments.get((index, place)):
                mark = Step(
                    parsed(arguments_instruction(given, self.inputs.containerfile.escape)), ()
                )
                forecasts.append(self._one(stage, ARGUMENTS, mark, standing))
        if stage.stage is self.inputs.stages[-1]:
            label = Step(self.label or _UNKNOWN_LABEL, ())
            forecasts.append(self._one(stage, len(stage.steps) - inherited, label, standing))
        standing.settle(stage.after)
        self._stages[index] = standing
        return forecasts

    @property
    def result(self) -> CacheImage | None:
        """The image that the build will tag; without an id when it is to be made."""
        foundation = self._stages[self.inputs.stages[-1].index].foundation
        return foundation.image if foundation else None

    def _standing(self, stage: StageBuild) -> _Standing:
        if stage.base == "scratch":
            return _Standing(Foundation(), self.cache)
        if stage.base_stage is not None:
            return replace(self._stages[stage.base_stage], searching=self.cache)
        if doubt := self.doubts.get(stage.base):
            return _Standing(None, self.cache, doubt if self.cache else "")
        image = self.bases.get(stage.base)
        return _Standing(Foundation.of(image) if image else None, self.cache)

    def _one(self, stage: StageBuild, place: int, step: Step, standing: _Standing) -> Forecast:
        index, below = stage.stage.index, standing.foundation
        if below is None:
            state: State = "unknown" if standing.unknown else "rebuild"
            return Forecast(index, place, step.instruction, state, reason=standing.unknown)
        try:
            texts = self._texts(stage, place, step, below)
        except CannotTell as error:
            standing.foundation = None
            standing.unknown = str(error) if standing.searching else ""
            state = "unknown" if standing.searching else "rebuild"
            return Forecast(index, place, step.instruction, state, (), below, reason=str(error))
        adds_layer = step.keyword in FILE_INSTRUCTIONS
        found = None
        if standing.searching:
            wanted = Wanted(below, texts, adds_layer, _platform(stage))
            found = search(self.images, wanted, self.generation)
        if found is None:
            pasts = [Past(text, self.stamp, empty=not adds_layer) for text in texts]
            made = made_on(self.images, below, pasts)
            self.images.append(made)
            self.contents.setdefault(made.top, self._contents(below, step, (index, place)))
            standing.searching = False
        standing.foundation = Foundation.of(found or made)
        state = "reuse" if found else "rebuild"
        return Forecast(index, place, step.instruction, state, texts, below, found)

    def _texts(
        self, stage: StageBuild, place: int, step: Step, below: Foundation
    ) -> tuple[str, ...]:
        """What Buildah would write into the history (getCreatedBy)."""
        if step.instruction is _UNKNOWN_LABEL:
            raise CannotTell("its values are known when the image below is built")
        if step.refused:
            raise CannotTell(f"{step.refused[0][0].text}: {step.refused[0][1]}")
        arguments = self.inputs.version.args
        copies = step.keyword in {"COPY", "ADD"}
        ending = self.generation.ending(seconds_of(self.stamp), copies=copies)
        if step.keyword == "ARG":
            names = " ".join(sorted(arguments_at(stage, step, arguments, own=True)))
            return (f"{NOP}ARG {names}{ending}",)
        if step.keyword == "RUN":
            given = run_arguments(stage, step, arguments)
            return (f"{run_text(step, given, self.generation)}{ending}",)
        if copies:
            link = " --link" if self.generation.link and "link" in step.flags else ""
            return tuple(
                f"{NOP}{step.keyword}{link} {summary} in {step.instruction.arguments[-1]}{ending}"
                for summary in self._summaries((stage.stage.index, place), step, below)
            )
        return (f"{NOP}{step.instruction.text}{ending}",)

    def _summaries(self, place: Place, step: Step, below: Foundation) -> tuple[str, ...]:
        chown = step.flags.get("chown", "")
        owner = owner_of(chown, lambda: self._files(below))
        given = Given(owner, _mode(step.flags.get("chmod", "")))
        *sources, target = step.arguments
        if step.heredocs:
            return summaries_of_documents(step, given, self.generation)
        if place in self.inputs.reads:
            unpack = step.keyword == "ADD"
            return summaries(self.inputs, place, target, given, self.generation, unpack=unpack)
        if not step.flags.get("from"):
            raise CannotTell("an instruction of the base image reads the context")
        files = self._source(step.flags["from"])
        return summaries_from(files, sources, target, _from_given(given, chown), self.generation)

    def _source(self, name: str) -> ImageFiles:
        """The files that `COPY --from` reads."""
        stage = self.inputs.containerfile.stage(name)
        if stage is not None and stage.index in self._stages:
            foundation = self._stages[stage.index].foundation
            if foundation is None:
                raise CannotTell(f"stage {name} is built anew, perhaps with the same files")
            return self._files(foundation)
        if doubt := self.doubts.get(name):
            raise CannotTell(doubt)
        image = self.bases.get(name)
        if image is None:
            raise CannotTell(f"{name} is not in the store yet")
        return self._files(Foundation.of(image))

    def _files(self, foundation: Foundation) -> ImageFiles:
        image = foundation.image
        if image is None:
            return NOTHING
        return self.files_of(image) if image.id else self.contents[image.top]()

    def _contents(self, below: Foundation, step: Step, place: Place) -> Callable[[], ImageFiles]:
        """The files after an instruction that will be carried out, found out when asked for."""

        def files() -> ImageFiles:
            if step.heredocs:
                raise CannotTell("a heredoc is written anew")
            if step.keyword == "RUN":
                raise CannotTell("a RUN is carried out anew, perhaps with the same files")
            before = self._files(below)
            return (
                before if step.keyword not in {"COPY", "ADD"} else self._copied(before, step, place)
            )

        return files

    def _copied(self, before: ImageFiles, step: Step, place: Place) -> ImageFiles:
        chown = step.flags.get("chown", "")
        given = Given(owner_of(chown, lambda: before), _mode(step.flags.get("chmod", "")))
        *sources, target = step.arguments
        if place in self.inputs.reads:
            entries = brought(self.inputs, place, given, unpack=step.keyword == "ADD")
            first = self.inputs.reads[place][0].first
        else:
            files = self._source(step.flags["from"])
            entries = brought_from(files, sources, _from_given(given, chown))
            (found, *_) = files.glob(sources[0])
            first = "folder" if files.is_folder(files.found(found)) else "file"
        return with_copied(
            before,
            entries,
            absolute(target, step.workdir),
            into=len(sources) > 1 or first == "folder",
            owner=given.owner or (0, 0),
        )


def _platform(stage: StageBuild) -> str:
    """What a stage is built for; empty where the FROM says it with a variable."""
    written = stage.stage.platform
    if written is None:
        return PLATFORM_ARGS["TARGETPLATFORM"]
    return "" if "$" in written else "/".join(written.split("/")[:2])


def _from_given(given: Given, chown: str) -> Given:
    """What flags give the files of another image: without `--chown` they keep their owners."""
    return given if chown else replace(given, owner=None)


def _mode(text: str) -> int | None:
    try:
        return int(text, 8) if text else None
    except ValueError:
        raise CannotTell(f"--chmod={text} is no octal number") from None
