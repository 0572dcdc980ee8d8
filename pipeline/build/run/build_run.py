"""Building what does not exist yet: decided once before, and again when its bases are built."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence

from pipeline.build.context import generated_containerfile
from pipeline.build.context.digests import Digests
from pipeline.build.context.inputs import Inputs, PreparedRootfs, read_inputs
from pipeline.build.context.shared_steps import waits
from pipeline.build.observe.image_labels import labels_of
from pipeline.build.observe.survey import Survey, pulls_of
from pipeline.build.release.decide import CHANGED, Decision, decide
from pipeline.build.release.identity import content_of
from pipeline.build.release.releases import Release, refuse_other_image
from pipeline.build.rootfs.rootfs import prepare_rootfs
from pipeline.build.run.builder import Builder, Built, Job
from pipeline.build.run.logs import log_path
from pipeline.build.run.schedule import run_side_by_side
from pipeline.build.run.store_mutex import turn
from pipeline.engine import buildah, command
from pipeline.engine.images import StoredImage, list_images
from pipeline.engine.signals import interrupted_once
from pipeline.errors import EngineError
from pipeline.host.build_engine import build_engine_here
from pipeline.host.driver_database import record_driver
from pipeline.lean_dataclasses import dataclass, field, replace
from pipeline.output.progress import Progress
from pipeline.output.shorten import one_line
from pipeline.spec.model import Version


@dataclass(frozen=True)
class BuildResult:
    """What was done about one version; `built` is None when its image stayed."""

    name: str
    image: str
    cause: str
    built: Built | None = None


@dataclass(frozen=True)
class BuildResults:
    """What a build did.

    Attributes:
        done: bases first.
        errors: by name, of what failed.
        skipped: names that were not begun, because something failed.
    """

    done: tuple[BuildResult, ...]
    errors: Mapping[str, Exception] = field(default_factory=dict)
    skipped: tuple[str, ...] = ()


def decide_all(survey: Survey) -> dict[str, Decision]:
    """What is to be done about every version, as far as it is known before anything is built.

    Raises:
        Refused: a released version has drifted.
    """
    decisions: dict[str, Decision] = {}
    built: dict[str, str] = {}
    for name in survey.names:
        decisions[name] = decide(survey.candidate(name, built))
        if decisions[name].action == "build":
            built[name] = ""
    return decisions


def build(
    survey: Survey,
    environment: Mapping[str, str],
    progress: Progress,
    workers: int | None = None,
    waiting: Callable[[str], None] = lambda _line: None,
) -> BuildResults:
    """Build what does not exist yet; a survey with nothing to do costs nothing.

    Args:
        waiting: told once, when another build has to be waited for.

    Raises:
        EngineError: an image that others build on cannot be pulled.
        Refused: a released version has drifted.
    """
    survey = pull_bases(survey, environment, progress)
    if not _stale(decisions := decide_all(survey)):
        return _results(survey, decisions, {}, {})
    record_driver(environment)
    with turn(environment, waiting):
        survey = replace(survey, store=list_images(environment))  # others have built meanwhile
        decisions = decide_all(survey)
        with interrupted_once():
            run = _Run(survey, decisions, environment, progress)
            done, errors = run.all(_stale(decisions), workers)
    return _results(survey, decisions, done, errors)


def _stale(decisions: Mapping[str, Decision]) -> list[str]:
    return [name for name, one in decisions.items() if one.action == "build"]


def _results(
    survey: Survey,
    decisions: Mapping[str, Decision],
    done: Mapping[str, BuildResult],
    errors: Mapping[str, Exception],
) -> BuildResults:
    kept = {
        name: BuildResult(name, one.image, one.cause)
        for name, one in decisions.items()
        if one.action == "keep"
    }
    results = {**kept, **done}
    return BuildResults(
        tuple(results[name] for name in survey.names if name in results),
        errors,
        tuple(name for name in _stale(decisions) if name not in done and name not in errors),
    )


def pull_bases(survey: Survey, environment: Mapping[str, str], progress: Progress) -> Survey:
    """Pull the images of elsewhere that are missing, or that a version always wants fresh.

    Raises:
        EngineError: one cannot be pulled.
    """
    wanted = pulls_of(survey)
    for reference in wanted:
        _pull(reference, environment, progress)
    return replace(survey, store=list_images(environment)) if wanted else survey


def _pull(reference: str, environment: Mapping[str, str], progress: Progress) -> None:
    task = f"pull {reference}"
    started = time.monotonic()
    progress.begin(task)
    outcome = "failed"
    try:
        code = 0
        said: list[str] = []

        def on_line(line: str) -> None:
            said.append(line)
            progress.said(task, line)

        code = command.stream(buildah.pull_argv(reference), on_line, environment=environment)
        if code != 0:
            raise EngineError(
                f"{reference} cannot be pulled",
                details="\n".join(said[-5:]),
                resolution="an image of this spec is named image:version as in [images]; "
                "others need their registry, or `podman load`",
            )
        outcome = "pulled"
    finally:
        progress.end(task, outcome, time.monotonic() - started)


class _Run:
    """One run: what it knows grows as images are built."""

    def __init__(
        self,
        survey: Survey,
        decisions: Mapping[str, Decision],
        environment: Mapping[str, str],
        progress: Progress,
    ) -> None:
        self._survey = survey
        self._decisions = decisions
        self._environment = environment
        self._progress = progress
        self._builder = Builder(environment, progress)
        self._built: dict[str, Built] = {}

    def all(
        self, names: Sequence[str], workers: int | None
    ) -> tuple[dict[str, BuildResult], dict[str, Exception]]:
        try:
            done, errors = run_side_by_side(
                names,
                waits(names, self._survey.inputs, self._survey.parents),
                self._one,
                workers=workers or min(max(2, os.cpu_count() or 2), 8),
                interrupt=self._builder.end_all,
            )
        except KeyboardInterrupt:
            self._builder.remove_leftovers()
            raise
        if errors:
            self._builder.remove_leftovers()
        return done, errors

    def _one(self, name: str) -> BuildResult:
        started = time.monotonic()
        self._progress.begin(name)
        outcome, built = "failed", None
        try:
            inputs = self._inputs(name)
            known = {one: built.image.id for one, built in self._built.items()}
            candidate = replace(self._survey.candidate(name, known), content=content_of(inputs))
            decision = decide(candidate)
            cause = self._decisions[name].cause
            if decision.action == "keep":
                outcome = "unchanged"
                return BuildResult(name, decision.image, decision.cause)
            built = self._builder.build(self._job(name, inputs, decision))
            if release := self._survey.releases.get(name):
                self._take(inputs.version, release, built)
            built = replace(built, seconds=time.monotonic() - started)
            self._built[name] = built
            outcome = "built"
            if cause == CHANGED and built.first:
                cause = f"{CHANGED}, from {one_line(built.first)} on"
            return BuildResult(name, built.image.id, cause, built)
        finally:
            spent = built.seconds if built else time.monotonic() - started
            self._progress.end(name, outcome, spent)

    def _take(self, version: Version, release: Release, built: Built) -> None:
        """Give what was built in the place of a release its name, if it is the released image."""
        image, here = built.image, build_engine_here(self._environment).engines
        refuse_other_image(version.short, release, image.id, image.diff_ids, here)
        argv = buildah.tag_argv(image.id, version.reference)
        command.run(argv, environment=self._environment)

    def _inputs(self, name: str) -> Inputs:
        """The inputs, with the root file system made when it is needed now."""
        inputs = self._survey.inputs[name]
        version = inputs.version
        if version.rootfs is None or inputs.rootfs is None:
            return inputs
        refresh = version.pull == "always"
        if inputs.rootfs.path.is_file() and not refresh:
            return inputs
        tar = prepare_rootfs(
            version.rootfs,
            self._environment,
            refresh=refresh,
            tell=lambda line: self._progress.said(name, line),
            on_start=self._builder.register,
        )
        digests = Digests(None)
        made, inherits = PreparedRootfs(tar, digests.of(tar)), self._survey.generation.inherits
        return read_inputs(version, digests, made, inherits=inherits)

    def _job(self, name: str, inputs: Inputs, decision: Decision) -> Job:
        survey, version = self._survey, inputs.version
        release = survey.releases.get(name)
        labelled = labels_of(
            inputs,
            pipeline=survey.pipeline.name,
            identity=decision.identity,
            bases=decision.bases,
            provenance=survey.provenance(name, self._environment),
            base=self._base(inputs),
        )
        return Job(
            name=name,
            reference="" if release else version.reference,
            containerfile=generated_containerfile.written(inputs, labelled),
            inputs=inputs,
            args=version.args,
            # Buildah finds a stage that has a name by that alone, and not by its number.
            target=None if version.target is None else inputs.stages[-1].name,
            timestamp=survey.epoch if release is None else release.timestamp,
            log=log_path(self._environment, survey.pipeline.name, version),
            expected=release.image if release else "",
        )

    def _base(self, inputs: Inputs) -> tuple[str, StoredImage] | None:
        """The image below the last stage."""
        made = {name: built.image for name, built in self._built.items()}
        return self._survey.base_image(inputs, made)
