"""Which instructions of a build will be taken from the store: the build carried out in thought.

Execute in `stage_executor.go` (Buildah 1.28 and later) walks the instructions of a stage, and looks
for the result of each as long as each one before it was found; after the first that is not found
none is looked for. What differs between versions of Buildah is in `engine.generation`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from pipeline.build.context.generated_containerfile import arguments_instruction
from pipeline.build.context.inputs import Inputs, Place
from pipeline.build.go_tar.content_summary import brought, given_of, summaries
from pipeline.build.go_tar.go_tar_reader import CannotTell
from pipeline.build.go_tar.image_files import NOTHING, ImageFiles, with_copied
from pipeline.build.go_tar.summary_of_copy_from import brought_from, summaries_from
from pipeline.build.go_tar.summary_of_heredocs import summaries_of_documents
from pipeline.build.observe.image_labels import seconds_of
from pipeline.build.plan.arguments import arguments_at, run_arguments
from pipeline.build.plan.cache_lookup import Foundation, Wanted, made_on, platform_of
from pipeline.build.plan.created_by import NOP, Unknown, copy_text, run_text
from pipeline.build.plan.outcomes import (
    UNSURE,
    Conditions,
    Outcome,
    Standing,
    State,
    World,
    outcomes,
)
from pipeline.engine.build_cache import CacheImage, Past
from pipeline.engine.generation import GENERATIONS, Generation
from pipeline.engine.labels import VERSION
from pipeline.lean_dataclasses import dataclass, field, replace
from pipeline.spec.containerfile import FILE_INSTRUCTIONS, Instruction, parse
from pipeline.spec.containerfile.build import Build, absolute
from pipeline.spec.containerfile.steps import BuildStep, ImageState, StageBuild

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


@dataclass(frozen=True)
class Forecaster:
    """Foresees the instructions of one build.

    Attributes:
        inputs: of the build.
        images: all of the store, in its order; those that this build would make are added.
        bases: the image of each reference; None for one that does not exist yet.
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
    _stages: dict[int, Standing] = field(default_factory=dict, init=False)

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
        forecasts = [_from(stage, standing)]
        inherited = sum(step.inherited for step in stage.steps)
        for number, step in enumerate(stage.steps):
            place = INHERITED if step.inherited else number - inherited
            forecasts.append(self._one(stage, place, step, standing))
            if given := self.inputs.arguments.get((index, place)):
                mark = BuildStep(
                    parsed(arguments_instruction(given, self.inputs.containerfile.escape)), ()
                )
                forecasts.append(self._one(stage, ARGUMENTS, mark, standing))
        if stage.stage is self.inputs.stages[-1]:
            label = BuildStep(self.label or _UNKNOWN_LABEL, ())
            forecasts.append(self._one(stage, len(stage.steps) - inherited, label, standing))
        standing.settle(stage.after)
        self._stages[index] = standing
        return forecasts

    @property
    def result(self) -> CacheImage | None:
        """The image that the build will tag; without an id when it is to be made."""
        foundation = self._stages[self.inputs.stages[-1].index].foundation
        return foundation.image if foundation else None

    def _standing(self, stage: StageBuild) -> Standing:
        if stage.base == "scratch":
            return Standing((World(Foundation(), self.cache),))
        if stage.base_stage is not None:
            return self._stages[stage.base_stage].again(searching=self.cache)
        image = self.bases.get(stage.base)
        doubt = self.doubts.get(stage.base, "") if self.cache else ""
        foundation = Foundation.of(image) if image and stage.base not in self.doubts else None
        return Standing((World(foundation, self.cache),), doubt)

    def _one(self, stage: StageBuild, place: int, step: BuildStep, standing: Standing) -> Forecast:
        index = stage.stage.index
        if standing.unknown:
            return Forecast(index, place, step.instruction, "unknown", reason=standing.unknown)
        state, one = standing.go_on(
            [
                outcome
                for world in standing.worlds
                for outcome in self._outcomes(stage, place, step, world)
            ]
        )
        told = one.texts, one.below, one.found, one.reason
        return Forecast(index, place, step.instruction, state, *told)

    def _outcomes(
        self, stage: StageBuild, place: int, step: BuildStep, world: World
    ) -> list[Outcome]:
        """What may become of an instruction in a world."""
        below = world.foundation
        if below is None:
            return [Outcome(world)]
        adds_layer, reason = step.keyword in FILE_INSTRUCTIONS, ""
        version = self.inputs.version
        words = f'"{VERSION}"="{version.name}"' if step.instruction is _UNKNOWN_LABEL else ""
        unknown = Unknown(step, self._ending(step), self.generation, words)
        try:
            texts = self._texts(stage, place, step, below)
        except CannotTell as error:
            texts, reason = (unknown.text(words or self._origin(step)),), str(error)

        def made(given: Conditions) -> CacheImage:
            pasts = [Past(text, self.stamp, empty=not adds_layer) for text in texts]
            image = replace(made_on(self.images, below, pasts), given=given)
            self.images.append(image)
            files = self._contents(below, step, (stage.stage.index, place))
            self.contents.setdefault(image.top, files)
            return image

        pattern = unknown.pattern(known=not reason)
        wanted = Wanted(below, texts, adds_layer, platform_of(stage), reason, pattern)
        return outcomes(world, wanted, self.images, self.generation, made)

    def _origin(self, step: BuildStep) -> str:
        """What decides what a COPY of unknown files brings; a new word where that is not known."""
        stage = self.inputs.containerfile.stage(step.flags.get("from", ""))
        if stage is not None and stage.index in self._stages:
            foundation = self._stages[stage.index].foundation
            if foundation is not None:
                return repr((foundation.top, step.arguments, sorted(step.flags.items())))
        return f"{len(self.images)}"

    def _ending(self, step: BuildStep) -> str:
        copies = step.keyword in {"COPY", "ADD"}
        return self.generation.ending(seconds_of(self.stamp), copies=copies)

    def _texts(
        self, stage: StageBuild, place: int, step: BuildStep, below: Foundation
    ) -> tuple[str, ...]:
        """What Buildah would write into the history (getCreatedBy)."""
        if step.instruction is _UNKNOWN_LABEL:
            raise CannotTell("its values are known when the image below is built")
        if step.refused:
            raise CannotTell(f"{step.refused[0][0].text}: {step.refused[0][1]}")
        arguments = self.inputs.version.args
        ending = self._ending(step)
        if step.keyword == "ARG":
            names = " ".join(sorted(arguments_at(stage, step, arguments, own=True)))
            return (f"{NOP}ARG {names}{ending}",)
        if step.keyword == "RUN":
            given = run_arguments(stage, step, arguments)
            return (f"{run_text(step, given, self.generation)}{ending}",)
        if step.keyword in {"COPY", "ADD"}:
            return tuple(
                copy_text(step, summary, self.generation) + ending
                for summary in self._summaries((stage.stage.index, place), step, below)
            )
        return (f"{NOP}{step.instruction.text}{ending}",)

    def _summaries(self, place: Place, step: BuildStep, below: Foundation) -> tuple[str, ...]:
        given = given_of(step, lambda: self._files(below))
        *sources, target = step.arguments
        if step.heredocs:
            return summaries_of_documents(step, given, self.generation)
        if place in self.inputs.reads:
            unpack = step.keyword == "ADD"
            return summaries(self.inputs, place, target, given, self.generation, unpack=unpack)
        if not step.flags.get("from"):
            raise CannotTell("an instruction of the base image reads the context")
        files = self._source(step.flags["from"])
        return summaries_from(files, sources, target, given, self.generation)

    def _source(self, name: str) -> ImageFiles:
        """The files that `COPY --from` reads."""
        stage = self.inputs.containerfile.stage(name)
        if stage is not None and stage.index in self._stages:
            foundation = self._stages[stage.index].foundation
            if foundation is None:
                raise CannotTell(f"stage {name} is built again, perhaps with the same files")
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

    def _contents(
        self, below: Foundation, step: BuildStep, place: Place
    ) -> Callable[[], ImageFiles]:
        """The files after an instruction that will be carried out, found out when asked for."""

        def files() -> ImageFiles:
            if step.heredocs:
                raise CannotTell("a heredoc is written again")
            if step.keyword == "RUN":
                raise CannotTell("a RUN runs again, perhaps with the same files")
            before = self._files(below)
            return (
                before if step.keyword not in {"COPY", "ADD"} else self._copied(before, step, place)
            )

        return files

    def _copied(self, before: ImageFiles, step: BuildStep, place: Place) -> ImageFiles:
        given = given_of(step, lambda: before)
        *sources, target = step.arguments
        if place in self.inputs.reads:
            entries = brought(self.inputs, place, given, unpack=step.keyword == "ADD")
            first = self.inputs.reads[place][0].first
        else:
            files = self._source(step.flags["from"])
            entries = brought_from(files, sources, given)
            (found, *_) = files.glob(sources[0])
            first = "folder" if files.is_folder(files.found(found)) else "file"
        return with_copied(
            before,
            entries,
            absolute(target, step.workdir),
            into=len(sources) > 1 or first == "folder",
            owner=given.owner or (0, 0),
        )


def _from(stage: StageBuild, standing: Standing) -> Forecast:
    """What is foreseen for a FROM."""
    bases = [one.foundation for one in standing.worlds]
    there = {one is not None and (one.image is None or bool(one.image.id)) for one in bases}
    state: State = "reuse" if there == {True} else "rebuild"
    if standing.unknown or len(there) > 1:
        state = "unknown"
    image = standing.foundation.image if standing.foundation else None
    reason = standing.unknown or (UNSURE if state == "unknown" else "")
    return Forecast(
        stage.stage.index,
        FROM,
        stage.stage.origin,
        state,
        (stage.base,),
        found=image,
        reason=reason,
    )
