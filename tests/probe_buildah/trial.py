"""One kind of instruction, built twice and compared with what the rules foresee."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pipeline.build.go_tar.image_files import image_files
from pipeline.build.observe.image_labels import timestamp_text
from pipeline.build.observe.survey import Survey, observe_build
from pipeline.build.plan.build_plan import BuildPlanner, VersionPlan
from pipeline.build.plan.forecast import FROM, Forecast, Forecaster
from pipeline.build.run.build_run import build
from pipeline.engine.build_cache import CacheImage, cache_images
from pipeline.engine.images import inspect_image
from pipeline.engine.storage import find_image, observe_storage
from pipeline.engine.tar_split import read_file_list
from pipeline.errors import CapasError
from pipeline.output.progress import Quiet
from pipeline.spec.model import Image, Pipeline, Version
from tests.integration.build.told import told_of
from tests.probe_buildah.kinds import Kind

_DIGEST = re.compile(r"(file|dir|multi):[0-9a-f]{64}")


@dataclass(frozen=True)
class Row:
    """What was seen of a kind; empty words where it is as foreseen.

    Attributes:
        history: how its words differ from those that were foreseen.
        digest: whether the digest of what it copies differs.
        reuse: what the second build did otherwise than planned.
        unknown: why the plan does not know.
    """

    kind: Kind
    history: str = ""
    digest: str = ""
    reuse: str = ""
    unknown: str = ""

    @property
    def right(self) -> bool:
        """Whether everything was foreseen, or was said to be unknown."""
        return not (self.history or self.digest or self.reuse)


class Bench:
    """Builds kinds on one base.

    Args:
        folder: holds `base` and `context`.
        environment: of every Buildah.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._folder, self._environment = folder, environment

    def try_kind(self, kind: Kind, number: int) -> Row:
        """Build it, build it again with another last instruction, and compare."""
        try:
            survey, name = self._build(kind, number, "CMD first")
        except CapasError as error:
            last = (error.details or error.sentence).strip().splitlines()[-3:]
            return Row(kind, history=f"not built: {' '.join(last)}")
        history, digest, unknown = self._compare(survey, name)
        planned = self._plan(kind, number, "CMD second")
        survey, name = self._build(kind, number, "CMD second")
        reuse = _other(planned, told_of(survey, name, self._environment))
        return Row(kind, history, digest, reuse, unknown)

    def survey(self, kind: Kind, number: int, last: str) -> Survey:
        """The look before a build."""
        containerfile = self._folder / f"Containerfile.{number}"
        containerfile.write_text(f"{kind.containerfile}{last}\n")
        context = self._folder / "context"
        base = Version("probebase", "1", self._folder / "base", self._folder / "base/Containerfile")
        version = Version("probe", f"{number}", context, containerfile, dict(kind.args))
        images = {
            "probebase": Image("probebase", {"1": base}),
            "probe": Image("probe", {f"{number}": version}),
        }
        pipeline = Pipeline("probe", self._folder / "probe.toml", self._folder, images=images)
        return observe_build(pipeline, [version], self._environment)

    def _build(self, kind: Kind, number: int, last: str) -> tuple[Survey, str]:
        survey = self.survey(kind, number, last)
        results = build(survey, self._environment, Quiet(), workers=1)
        for error in results.errors.values():
            raise error
        return survey, f"probe:{number}"

    def _plan(self, kind: Kind, number: int, last: str) -> VersionPlan:
        survey, storage = self.survey(kind, number, last), observe_storage(self._environment)
        planner = BuildPlanner(survey, storage, cache_images(storage), self._environment)
        return planner.plan(()).versions[-1]

    def _compare(self, survey: Survey, name: str) -> tuple[str, str, str]:
        image = inspect_image(self._environment, survey.versions[name].reference)
        foreseen = [one for one in self._forecasts(survey, name) if one.place != FROM]
        last = max(one.stage for one in foreseen)
        own = [one for one in foreseen if one.stage == last][:-2]
        below = inspect_image(self._environment, survey.inputs[name].references[0])
        made = [past.by for past in image.history[len(below.history) :]]
        unknown = next((one.reason for one in own if one.reason), "")
        for one, by in zip(own, made, strict=False):
            words = {_DIGEST.sub(r"\1:…", text) for text in one.texts}
            if one.texts and _DIGEST.sub(r"\1:…", by) not in words:
                return f"{by!r}, not {min(words)!r}", "", unknown
            if one.texts and by not in one.texts:
                return "", "another digest", unknown
        return "", "", unknown

    def _forecasts(self, survey: Survey, name: str) -> tuple[Forecast, ...]:
        storage, inputs = observe_storage(self._environment), survey.inputs[name]

        def bases() -> dict[str, CacheImage | None]:
            return {one: inspect_image(self._environment, one) for one in inputs.references}

        forecaster = Forecaster(
            inputs,
            list(cache_images(storage)),
            bases(),
            None,
            timestamp_text(survey.epoch),
            lambda image: image_files(
                find_image(storage, image.id).layers, read_file_list, self._environment
            ),
            generation=survey.generation,
        )
        return forecaster.all()


def _other(planned: VersionPlan, told: Mapping[tuple[int, int], str]) -> str:
    """What the build did otherwise than it was planned."""
    said = []
    for one in planned.instructions:
        actual = told.get((one.stage, one.step))
        if one.step == 1 or actual is None or one.state == "unknown":
            continue
        if (one.state == "reuse") != bool(actual):
            did = "taken" if actual else "built"
            said.append(f"{one.text.splitlines()[0][:30]}: planned {one.state}, was {did}")
        elif actual and one.image not in ("", actual):
            said.append(f"{one.text.splitlines()[0][:30]}: another image was taken")
    return "; ".join(said[:2])
