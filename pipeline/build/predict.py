"""Which instructions of a build will be taken from the store: Buildah's cache search, simulated.

The rules are those of Buildah 1.28 and later (`stage_executor.go`): Execute walks the
instructions, and as long as each one before it was found it looks for an image whose layer below
the top one (of an instruction that makes no layer: whose top layer) is that of the image so far,
whose history is that image's history and one entry more, and whose last entry is the text that
this instruction would write. The first one in the order of the store wins. After the first
instruction that is not found none is looked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from pipeline.build.archive import CannotTell
from pipeline.build.image_files import ImageFiles, summaries_from
from pipeline.build.inputs import Inputs, Place
from pipeline.build.recipe import arguments_instruction
from pipeline.build.summary import Given, summaries
from pipeline.engine.build_cache import CacheImage, Past
from pipeline.spec.containerfile import FILE_INSTRUCTIONS, Instruction, parse
from pipeline.spec.containerfile.build import Build
from pipeline.spec.containerfile.steps import ImageState, StageBuild, Step
from pipeline.spec.containerfile.variables import PROXIES

State = Literal["reuse", "rebuild", "unknown"]
FROM, INHERITED = -1, -2
"""Places of a stage's FROM, and of what an ONBUILD of the base kept for it."""

_NOP = "/bin/sh -c #(nop) "


@dataclass(frozen=True)
class Foundation:
    """What an instruction stands on: the image so far.

    Attributes:
        top: the store's id of its top layer; empty without layers.
    """

    top: str = ""
    history: tuple[Past, ...] = ()
    diff_ids: tuple[str, ...] = ()
    image: CacheImage | None = None

    @classmethod
    def of(cls, image: CacheImage) -> Foundation:
        """The foundation that an image is."""
        return cls(image.top, image.history, image.diff_ids, image)


@dataclass(frozen=True)
class Forecast:
    """What is foreseen for one instruction.

    Attributes:
        stage: 0 for the first.
        place: of the instruction in its stage, from 0; or FROM, or INHERITED.
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


@dataclass(frozen=True)
class Forecaster:
    """Foresees the instructions of one build.

    Attributes:
        inputs: of the build.
        images: all of the store, in its order; those that this build would make are added.
        bases: the image of each reference; None for one that is not there yet.
        label: the LABEL that the build adds.
        stamp: the time that the build's history gets, as RFC 3339.
        files_of: the files of an image of the store.
    """

    inputs: Inputs
    images: list[CacheImage]
    bases: Mapping[str, CacheImage | None]
    label: Instruction
    stamp: str
    files_of: Callable[[CacheImage], ImageFiles]
    _stages: dict[int, _Standing] = field(default_factory=dict)

    def all(self) -> tuple[Forecast, ...]:
        """Every instruction of every stage that the build needs, FROMs included."""
        walk = Build(args=self.inputs.version.args, base=self._state).stages(
            self.inputs.containerfile
        )
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
        state: State = "unknown" if standing.unknown else "rebuild"
        forecasts = [
            Forecast(
                index,
                FROM,
                stage.stage.origin,
                "reuse" if standing.foundation else state,
                (stage.base,),
                found=image,
                reason=standing.unknown,
            )
        ]
        inherited = sum(step.inherited for step in stage.steps)
        for number, step in enumerate(stage.steps):
            place = INHERITED if step.inherited else number - inherited
            forecasts.append(self._one(stage, place, step, standing))
        added = self._added(stage)
        if added is not None:
            place = len(stage.steps) - inherited
            forecasts.append(self._one(stage, place, Step(added, ()), standing))
        self._stages[index] = standing
        return forecasts

    def _added(self, stage: StageBuild) -> Instruction | None:
        """The instruction that capas adds at the end of a stage."""
        if stage.stage is self.inputs.stages[-1]:
            return self.label
        given = self.inputs.handed_on.get(stage.stage.index)
        return None if given is None else parsed(arguments_instruction(given))

    def _standing(self, stage: StageBuild) -> _Standing:
        if stage.base == "scratch":
            return _Standing(Foundation())
        if stage.base_stage is not None:
            return replace(self._stages[stage.base_stage], searching=True)
        image = self.bases.get(stage.base)
        return _Standing(Foundation.of(image) if image else None)

    def _one(self, stage: StageBuild, place: int, step: Step, standing: _Standing) -> Forecast:
        index, below = stage.stage.index, standing.foundation
        if below is None:
            state: State = "unknown" if standing.unknown else "rebuild"
            return Forecast(index, place, step.instruction, state, reason=standing.unknown)
        try:
            texts = self._texts(stage, place, step)
        except CannotTell as error:
            standing.foundation = None
            standing.unknown = str(error) if standing.searching else ""
            state = "unknown" if standing.searching else "rebuild"
            return Forecast(index, place, step.instruction, state, (), below, reason=str(error))
        adds_layer = step.keyword in FILE_INSTRUCTIONS
        found = None
        if standing.searching:
            found = search(self.images, below, texts, adds_layer=adds_layer)
        if found is None:
            past = Past(texts[0], self.stamp, empty=not adds_layer)
            made = _made(below, past, len(self.images))
            self.images.append(made)
            standing.searching = False
        standing.foundation = Foundation.of(found or made)
        state = "reuse" if found else "rebuild"
        return Forecast(index, place, step.instruction, state, texts, below, found)

    def _texts(self, stage: StageBuild, place: int, step: Step) -> tuple[str, ...]:
        """What Buildah would write into the history (getCreatedBy)."""
        if step.refused:
            raise CannotTell(f"{step.refused[0][0].text}: {step.refused[0][1]}")
        if step.keyword == "ARG":
            names = " ".join(sorted(self._arguments(stage, step, own=True)))
            return (f"{_NOP}ARG {names}",)
        if step.keyword == "RUN":
            given = self._run_arguments(stage, step)
            prefix = f"|{len(given.split(' '))} {given} " if given else ""
            return (f"{prefix}/bin/sh -c {step.instruction.text[4:]}",)
        if step.keyword in {"COPY", "ADD"}:
            return tuple(
                f"{_NOP}{step.keyword} {summary} in {step.instruction.arguments[-1]} "
                for summary in self._summaries((stage.stage.index, place), step)
            )
        return (f"{_NOP}{step.instruction.text}",)

    def _arguments(self, stage: StageBuild, step: Step, *, own: bool = False) -> dict[str, str]:
        """The arguments that have a value at a step; with those that it declares itself."""
        declared = step.declared + (len(step.arguments) if own else 0)
        given = self.inputs.version.args
        found = {name: value for name, value in given.items() if name in PROXIES}
        found.update({name: text for name, text in stage.args[:declared] if text is not None})
        return found

    def _run_arguments(self, stage: StageBuild, step: Step) -> str:
        """`NAME=value …` as RUN writes them, sorted; ENV wins, undeclared proxies stay out."""
        before = stage.steps[: stage.steps.index(step)]
        env: dict[str, str] = {}
        for one in before:
            if one.keyword == "ENV":
                env.update(zip(one.arguments[::2], one.arguments[1::2], strict=False))
        declared = {name for name, _ in stage.args[: step.declared]}
        texts = [
            f"{name}={env.get(name, value)}"
            for name, value in self._arguments(stage, step).items()
            if name in env or name not in PROXIES or name in declared
        ]
        return " ".join(sorted(texts))

    def _summaries(self, place: Place, step: Step) -> tuple[str, ...]:
        chown = step.flags.get("chown", "")
        given = Given(_owner(chown), _mode(step.flags.get("chmod", "")))
        *sources, target = step.arguments
        if place in self.inputs.reads:
            return summaries(self.inputs, place, target, given, unpack=step.keyword == "ADD")
        if not step.flags.get("from"):
            raise CannotTell("an instruction of the base image reads the context")
        files = self.files_of(self._source(step.flags["from"]))
        given = replace(given, owner=given.owner if chown else None)
        return summaries_from(files, sources, target, given)

    def _source(self, name: str) -> CacheImage:
        """The image that `COPY --from` reads."""
        stage = self.inputs.containerfile.stage(name)
        if stage is not None and stage.index in self._stages:
            foundation = self._stages[stage.index].foundation
            if foundation is None or foundation.image is None or not foundation.image.id:
                raise CannotTell(f"stage {name} is built anew, perhaps with the same files")
            return foundation.image
        image = self.bases.get(name)
        if image is None:
            raise CannotTell(f"{name} is not in the store yet")
        return image


def parsed(text: str) -> Instruction:
    """One instruction from its text."""
    return parse(f"FROM scratch\n{text}\n", Path("Containerfile")).stages[0].instructions[0]


def search(
    images: Sequence[CacheImage], below: Foundation, texts: Sequence[str], *, adds_layer: bool
) -> CacheImage | None:
    """The image that Buildah takes for an instruction (intermediateImageExists).

    Args:
        images: all of the store, in its order.
        below: what the instruction stands on.
        texts: what it would write into the history, any of them.
        adds_layer: whether it makes a layer.
    """
    layers = len(below.diff_ids) + adds_layer
    for image in images:
        top = image.below if adds_layer else image.top
        if (
            top == below.top
            and image.oci
            and len(image.history) == len(below.history) + 1
            and len(image.diff_ids) == layers
            and image.history[-1].by in texts
            and image.history[:-1] == below.history
            and image.diff_ids[: len(below.diff_ids)] == below.diff_ids
        ):
            return image
    return None


def _made(below: Foundation, past: Past, number: int) -> CacheImage:
    """The image that a build will make: later builds of the same run find it."""
    layer = () if past.empty else (f"made {number}",)
    return CacheImage(
        id="",
        names=(),
        digest="",
        top=layer[0] if layer else below.top,
        below=below.top,
        layers=(),
        diff_ids=(*below.diff_ids, *layer),
        history=(*below.history, past),
        config=below.image.config if below.image else {},
    )


def _owner(text: str) -> tuple[int, int]:
    if not text:
        return 0, 0
    user, _, group = text.partition(":")
    if not user.isdecimal() or not (group or user).isdecimal():
        raise CannotTell(f"--chown={text} is looked up in the image")
    return int(user), int(group or user)


def _mode(text: str) -> int | None:
    return int(text, 8) if text else None
