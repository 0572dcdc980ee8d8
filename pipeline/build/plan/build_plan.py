"""What a build would do, instruction by instruction, and why; nothing is built or written."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from pipeline.build.context.generated_containerfile import label_instruction
from pipeline.build.context.inputs import Inputs
from pipeline.build.go_tar.image_files import ImageFiles, image_files
from pipeline.build.observe.image_labels import labels_of, timestamp_text
from pipeline.build.observe.survey import Survey
from pipeline.build.plan.explain import OTHER_BUILDAH, LastBuild, OldLayer, cause_of
from pipeline.build.plan.forecast import ARGUMENTS, FROM, INHERITED, Forecast, Forecaster, parsed
from pipeline.build.plan.foreign_cache import foreign, other_id, other_past
from pipeline.build.plan.outcomes import State
from pipeline.build.plan.rebuild_forecast import Rebuilt
from pipeline.build.plan.step_numbers import ARGUMENTS_TEXT, LABELS_TEXT, places_of
from pipeline.build.release.decide import CHANGED, Decision, decide
from pipeline.engine.build_cache import CacheImage
from pipeline.engine.images import StoredImage
from pipeline.engine.storage import Storage, find_image
from pipeline.engine.tar_split import file_digest, read_file_list
from pipeline.lean_dataclasses import dataclass, replace
from pipeline.spec.containerfile import Instruction


@dataclass(frozen=True)
class InstructionPlan:
    """One instruction, in Buildah's counting: FROM is the first step of its stage.

    Attributes:
        line: where it stands in the Containerfile, 1-based; 0 for what capas adds.
        cause: why it is not reused; empty when it is.
        image: the id of the image that is reused.
    """

    stage: int
    step: int
    total: int
    text: str
    line: int
    state: State
    cause: str = ""
    image: str = ""


@dataclass(frozen=True)
class VersionPlan:
    """One version.

    Attributes:
        note: why its image's id would be another one than elsewhere; empty when it would not.
    """

    name: str
    action: str
    cause: str
    identity: str
    instructions: tuple[InstructionPlan, ...]
    note: str = ""


@dataclass(frozen=True)
class BuildPlan:
    """All of it.

    Attributes:
        pulls: images of elsewhere that would be pulled first.
        versions: bases first.
        upgrade: in one sentence, that results of another Buildah are not taken; else empty.
    """

    pulls: tuple[str, ...]
    versions: tuple[VersionPlan, ...]
    upgrade: str = ""

    @property
    def changes_something(self) -> bool:
        """Whether a build would do anything."""
        return bool(self.pulls) or any(one.action != "keep" for one in self.versions)


_UPGRADE = (
    "The results in the store are of another version of Buildah, whose cache keys are written in "
    "another way: this one takes none of them, and builds everything once more."
)


class BuildPlanner:
    """Plans one survey.

    Args:
        survey: what was seen of the spec and the store.
        storage: the store's records.
        images: all images of the store, in its order.
        environment: for git and SOURCE_DATE_EPOCH.
    """

    def __init__(
        self,
        survey: Survey,
        storage: Storage,
        images: Sequence[CacheImage],
        environment: Mapping[str, str],
    ) -> None:
        self._survey, self._storage, self._images = survey, storage, list(images)
        self._environment = environment
        self._by_id = {image.id: image for image in images}
        self._files: dict[str, ImageFiles] = {}
        self._contents: dict[str, Callable[[], ImageFiles]] = {}
        self._results: dict[str, CacheImage | None] = {}
        """By name, the image that a version to be built will be; None when nothing is known."""
        self._generation = survey.generation
        self._rebuilt = Rebuilt(self._generation)

    def plan(self, pulls: Sequence[str]) -> BuildPlan:
        """The plan; `pulls` would be pulled first.

        Raises:
            Refused: a released version has drifted.
        """
        versions = tuple(self._version(name) for name in self._survey.names)
        causes = {step.cause for version in versions for step in version.instructions}
        return BuildPlan(tuple(pulls), versions, _UPGRADE if OTHER_BUILDAH in causes else "")

    def _version(self, name: str) -> VersionPlan:
        again = self._again(name)
        decision = self._decide(name, again)
        inputs = self._survey.inputs[name]
        if decision.action == "keep":
            steps = (
                InstructionPlan(*place, "reuse", image=decision.image)
                for place in places_of(inputs)
            )
            return VersionPlan(name, "keep", decision.cause, decision.identity, tuple(steps))
        label = self._label(decision, inputs)
        release = self._survey.releases.get(name)
        stamp = timestamp_text(self._survey.epoch if release is None else release.timestamp)
        doubts = self._rebuilt.doubtful(again)
        forecaster = Forecaster(
            inputs,
            self._images,
            self._bases(inputs),
            label,
            stamp,
            self._files_of,
            self._contents,
            {one: doubts[base] for one, base in self._new_bases(name) if base in doubts},
            generation=self._generation,
        )
        forecasts = forecaster.all()
        taken = _taken(inputs, forecasts)
        note = ""
        if any(foreign(stage, stamp) for stage in taken):
            forecaster = replace(forecaster, cache=False)
            forecasts = tuple(map(_built_anew, forecaster.all()))
        elif said := other_past(taken, comments=self._generation.comments):
            note = f"{name}: {other_id(said)}"
        self._results[name] = forecaster.result
        self._rebuilt.add(name, label, forecasts, stamp)
        plans = self._explained(name, inputs, forecasts, stamp)
        cause = next((f"{one.text}: {one.cause}" for one in plans if one.cause), decision.cause)
        return VersionPlan(name, "build", cause, decision.identity, plans, note)

    def _decide(self, name: str, again: Mapping[str, str]) -> Decision:
        """What is to be done, when the bases in `again` will have these ids."""
        known = {one: image.id if image else "" for one, image in self._results.items()}
        decision = decide(self._survey.candidate(name, known))
        if decision.action == "keep" or not again or self._rebuilt.doubtful(again):
            return decision
        foreseen = decide(self._survey.candidate(name, {**known, **again}))
        if foreseen.action == "build":
            return decision
        return replace(foreseen, cause=f"{', '.join(again)} will be built again, as the same image")

    def _again(self, name: str) -> dict[str, str]:
        """The bases that will be built again as what the version stands on now."""
        image = self._current(name)
        return self._rebuilt.below(image, self._new_bases(name)) if image else {}

    def _new_bases(self, name: str) -> list[tuple[str, str]]:
        """Reference and name of the bases whose images do not exist yet."""
        found = []
        for reference in self._survey.inputs[name].references:
            own = self._survey.own(reference)
            if own and own.short in self._results:
                result = self._results[own.short]
                if result is None or not result.id:
                    found.append((reference, own.short))
        return found

    def _current(self, name: str) -> CacheImage | None:
        """The image that the version's tag names now."""
        stored = self._survey.store.named(self._survey.versions[name].reference)
        return self._by_id.get(stored.id) if stored else None

    def _explained(
        self, name: str, inputs: Inputs, forecasts: Sequence[Forecast], stamp: str
    ) -> tuple[InstructionPlan, ...]:
        before = self._before(name)
        totals = {one.stage: 0 for one in forecasts}
        for one in forecasts:
            totals[one.stage] += 1
        plans: list[InstructionPlan] = []
        stage, step, first = -1, 0, 0
        for one in forecasts:
            if one.stage != stage:
                stage, step, first = one.stage, 0, 0
            step += 1
            cause = ""
            if one.state != "reuse" and first:
                cause = f"a layer below changed (instruction {first})"
            elif one.state != "reuse":
                first = step
                cause = self._first_cause(one, inputs, before, stamp)
            plans.append(
                InstructionPlan(
                    stage,
                    step,
                    totals[stage],
                    _told(one, inputs),
                    one.instruction.start_line if _is_written(one, inputs) else 0,
                    one.state,
                    cause,
                    one.found.id if one.found else "",
                )
            )
        return tuple(plans)

    def _first_cause(
        self, forecast: Forecast, inputs: Inputs, before: LastBuild | None, stamp: str
    ) -> str:
        if forecast.reason:
            return forecast.reason
        if forecast.place == FROM:
            return f"{forecast.texts[0]} is new"
        if forecast.place in (INHERITED, _ours(inputs, forecast)):
            return CHANGED if before else "never built here"
        return cause_of(forecast, inputs, before, stamp)

    def _before(self, name: str) -> LastBuild | None:
        image = self._current(name)
        if image is None:
            return None

        def layer(index: int) -> OldLayer | None:
            if image.history[index].empty:
                return None
            number = sum(not entry.empty for entry in image.history[:index])
            stored = find_image(self._storage, image.id).layers[number]
            return OldLayer(read_file_list(stored), lambda path: file_digest(stored, path))

        return LastBuild(image, layer)

    def _bases(self, inputs: Inputs) -> dict[str, CacheImage | None]:
        found: dict[str, CacheImage | None] = {}
        for reference in inputs.references:
            own, stored = self._survey.own(reference), self._survey.store.named(reference)
            if own is not None and own.short in self._results:
                found[reference] = self._results[own.short]
            else:
                found[reference] = self._by_id.get(stored.id) if stored else None
        return found

    def _label(self, decision: Decision, inputs: Inputs) -> Instruction | None:
        """The LABEL that the build would add; None while its values are not known."""
        if not decision.identity:
            return None
        labelled = labels_of(
            inputs,
            pipeline=self._survey.pipeline.name,
            identity=decision.identity,
            bases=decision.bases,
            provenance=self._survey.provenance(inputs.version.short, self._environment),
            base=self._base(inputs),
        )
        return parsed(label_instruction(labelled, inputs.containerfile.escape))

    def _base(self, inputs: Inputs) -> tuple[str, StoredImage] | None:
        return self._survey.base_image(inputs, self._results)

    def _files_of(self, image: CacheImage) -> ImageFiles:
        if image.id not in self._files:
            layers = find_image(self._storage, image.id).layers
            self._files[image.id] = image_files(layers, read_file_list, self._environment)
        return self._files[image.id]


def _taken(inputs: Inputs, forecasts: Sequence[Forecast]) -> list[list[CacheImage]]:
    """What the stages that the image stands on would take from the store."""
    return [
        [
            one.found
            for one in forecasts
            if one.stage == index and one.place != FROM and one.found is not None
        ]
        for index in sorted(inputs.chain)
    ]


def _built_anew(forecast: Forecast) -> Forecast:
    if forecast.place == FROM:
        return forecast
    reason = "what is in the store was built in another way"
    return replace(forecast, state="rebuild", found=None, reason=reason)


def _ours(inputs: Inputs, forecast: Forecast) -> int:
    """The place of our LABEL in a stage that has one."""
    return len(inputs.containerfile.stages[forecast.stage].instructions)


def _is_written(forecast: Forecast, inputs: Inputs) -> bool:
    """Whether an instruction stands in the Containerfile: not our LABELs, and no ONBUILD."""
    return forecast.place not in (INHERITED, ARGUMENTS, _ours(inputs, forecast))


def _told(forecast: Forecast, inputs: Inputs) -> str:
    if forecast.place == ARGUMENTS:
        return ARGUMENTS_TEXT
    return LABELS_TEXT if forecast.place == _ours(inputs, forecast) else forecast.instruction.text
