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
from typing import Literal

from pipeline.build.archive import CannotTell
from pipeline.build.image_files import ImageFiles, summaries_from
from pipeline.build.inputs import Inputs
from pipeline.build.summary import Given, summaries
from pipeline.build.variables import (
    NotKnown,
    Scope,
    argument_names,
    base_of,
    environment_of,
    heading_values,
    run_arguments,
)
from pipeline.engine.build_cache import CacheImage, Past
from pipeline.spec.containerfile import FILE_INSTRUCTIONS, Instruction, Stage, parse

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
        found: list[Forecast] = []
        for stage in self.inputs.stages:
            found += self._stage(stage)
        return tuple(found)

    def _stage(self, stage: Stage) -> list[Forecast]:
        inputs = self.inputs
        heading = heading_values(inputs.containerfile, inputs.version.args)
        escape = inputs.containerfile.escape
        name = base_of(stage, heading, escape)
        standing = self._standing(name, stage.index)
        image = standing.foundation.image if standing.foundation else None
        env = environment_of(image.config.get("Env") or ()) if image else None
        scope = Scope(inputs.version.args, heading, {} if name == "scratch" else env)
        first = Forecast(
            stage.index,
            FROM,
            stage.origin,
            "reuse" if standing.foundation else ("unknown" if standing.unknown else "rebuild"),
            (name,),
            found=image,
            reason=standing.unknown,
        )
        forecasts = [first]
        for place, instruction in self._instructions(stage, image):
            forecasts.append(self._one(stage, place, instruction, standing, scope))
        self._stages[stage.index] = standing
        return forecasts

    def _standing(self, name: str, index: int) -> _Standing:
        if name == "scratch":
            return _Standing(Foundation())
        for stage in self.inputs.stages:
            if stage.index < index and name in (stage.name, str(stage.index)):
                before = self._stages[stage.index]
                return replace(before, searching=True)
        image = self.bases.get(name)
        return _Standing(Foundation.of(image) if image else None)

    def _instructions(
        self, stage: Stage, image: CacheImage | None
    ) -> list[tuple[int, Instruction]]:
        """Those that the base kept for later by ONBUILD, the stage's own, and our LABEL."""
        kept = "\n".join(image.config.get("OnBuild") or ()) if image else ""
        inherited = parse(f"FROM scratch\n{kept}\n", self.inputs.version.containerfile)
        found = [(INHERITED, one) for one in inherited.stages[0].instructions] if kept else []
        found += list(enumerate(stage.instructions))
        if stage is self.inputs.stages[-1]:
            found.append((len(stage.instructions), self.label))
        return found

    def _one(
        self, stage: Stage, place: int, instruction: Instruction, standing: _Standing, scope: Scope
    ) -> Forecast:
        below = standing.foundation
        if below is None:
            state: State = "unknown" if standing.unknown else "rebuild"
            return Forecast(stage.index, place, instruction, state, reason=standing.unknown)
        try:
            texts = self._texts(stage, place, instruction, scope)
        except (CannotTell, NotKnown) as error:
            standing.foundation = None
            standing.unknown = str(error) if standing.searching else ""
            state = "unknown" if standing.searching else "rebuild"
            return Forecast(stage.index, place, instruction, state, (), below, reason=str(error))
        adds_layer = _adds_layer(instruction)
        found = None
        if standing.searching:
            found = search(self.images, below, texts, adds_layer=adds_layer)
        if found is None:
            past = Past(texts[0], self.stamp, empty=not adds_layer)
            made = _made(below, past, len(self.images))
            self.images.append(made)
            standing.searching = False
        standing.foundation = Foundation.of(found or made)
        return Forecast(
            stage.index, place, instruction, "reuse" if found else "rebuild", texts, below, found
        )

    def _texts(
        self, stage: Stage, place: int, instruction: Instruction, scope: Scope
    ) -> tuple[str, ...]:
        """What Buildah would write into the history (getCreatedBy)."""
        escape = self.inputs.containerfile.escape
        if instruction.keyword == "ARG":
            scope.apply(instruction, escape)
            return (f"{_NOP}ARG {argument_names(scope)}",)
        if instruction.keyword == "RUN":
            arguments = run_arguments(scope)
            given = f"|{len(arguments.split(' '))} {arguments} " if arguments else ""
            return (f"{given}/bin/sh -c {instruction.text[4:]}",)
        if instruction.keyword in {"COPY", "ADD"}:
            return tuple(
                f"{_NOP}{instruction.keyword} {summary} in {instruction.arguments[-1]} "
                for summary in self._summaries(stage, place, instruction, scope)
            )
        scope.apply(instruction, escape)
        return (f"{_NOP}{instruction.text}",)

    def _summaries(
        self, stage: Stage, place: int, instruction: Instruction, scope: Scope
    ) -> tuple[str, ...]:
        escape = self.inputs.containerfile.escape
        chown = scope.expand(instruction.flag("chown") or "", escape)
        mode = _mode(scope.expand(instruction.flag("chmod") or "", escape))
        given = Given(_owner(chown), mode)
        *sources, target = [scope.expand(word, escape) for word in instruction.arguments]
        if (stage.index, place) in self.inputs.reads:
            unpack = instruction.keyword == "ADD"
            return summaries(self.inputs, (stage.index, place), target, given, unpack=unpack)
        files = self.files_of(self._source(scope.expand(instruction.flag("from") or "", escape)))
        return summaries_from(files, sources, target, Given(given.owner if chown else None, mode))

    def _source(self, name: str) -> CacheImage:
        """The image that `COPY --from` reads."""
        for stage in self.inputs.containerfile.stages:
            if name in (stage.name, str(stage.index)) and stage.index in self._stages:
                foundation = self._stages[stage.index].foundation
                if foundation is None or foundation.image is None or not foundation.image.id:
                    raise CannotTell(f"stage {name} is built anew, perhaps with the same files")
                return foundation.image
        image = self.bases.get(name)
        if image is None:
            raise CannotTell(f"{name} is not in the store yet")
        return image


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


def _adds_layer(instruction: Instruction) -> bool:
    return instruction.keyword in FILE_INSTRUCTIONS


def _owner(text: str) -> tuple[int, int]:
    if not text:
        return 0, 0
    user, _, group = text.partition(":")
    if not user.isdecimal() or not (group or user).isdecimal():
        raise CannotTell(f"--chown={text} is looked up in the image")
    return int(user), int(group or user)


def _mode(text: str) -> int | None:
    return int(text, 8) if text else None
