"""Experiments: names that they use, values that were never captured, what can never come true."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pipeline.lean_dataclasses import dataclass, field
from pipeline.spec.experiments import (
    ROUND,
    Action,
    BackUp,
    OwnExperiment,
    Restore,
    Scale,
    Step,
    Upgrade,
    Wait,
)
from pipeline.spec.model import Pipeline
from pipeline.spec.problem import KeyPath, Problem, did_you_mean, one_of, suggestion
from pipeline.spec.read_context import ReadContext
from pipeline.spec.step_kinds import KINDS


def experiment_problems(
    pipeline: Pipeline, experiments: tuple[OwnExperiment, ...], scope: ReadContext
) -> Iterator[Problem]:
    """Everything in experiments that does not fit together."""
    seen: set[str] = set()
    for experiment in experiments:
        path: KeyPath = ("verify", experiment.index)
        if experiment.name in seen:
            message = f"two experiments are called {experiment.name}"
            yield Problem("CAP142", (*path, "name"), message, "`--only` could not tell them apart")
        seen.add(experiment.name)
        if experiment.version is not None:
            yield from _no_version(pipeline, experiment.version, "", (*path, "version"), scope)
        walk = _Walk(pipeline, scope, path, _first_versions(pipeline, experiment))
        for step in experiment.steps:
            yield from walk.step(step)
        yield from _deadlines(experiment, path)
        if (*path, "steps") not in scope.damaged:
            yield from _looks(experiment, path)


def start_version(pipeline: Pipeline, experiment: OwnExperiment) -> str | None:
    """The version that runs at the beginning; None is what a deploy without a wish runs."""
    if experiment.version is not None:
        return experiment.version
    for step in experiment.steps:
        if isinstance(step.action, Upgrade):
            return _version_before(pipeline, step.action.version)
    return None


def _version_before(pipeline: Pipeline, version: str) -> str | None:
    for service in pipeline.services.values():
        image = pipeline.images.get(service.image)
        names = list(image.versions) if image else []
        if version in names[1:]:
            return names[names.index(version) - 1]
    return None


def _first_versions(pipeline: Pipeline, experiment: OwnExperiment) -> dict[str, str]:
    """What each service runs at the beginning, by service."""
    first = start_version(pipeline, experiment)
    versions = {}
    for name, service in pipeline.services.items():
        image = pipeline.images.get(service.image)
        if image is not None and image.versions:
            usual = service.version or image.newest.name
            versions[name] = first if first is not None and first in image.versions else usual
    return versions


@dataclass
class _Walk:
    """One experiment, step by step: what is known and running at each."""

    pipeline: Pipeline
    scope: ReadContext
    path: KeyPath
    running: dict[str, str]
    before: list[dict[str, str]] = field(default_factory=list)
    captured: set[str] = field(default_factory=lambda: {ROUND})
    backed_up: set[str] = field(default_factory=set)
    replicas: dict[str, int] = field(default_factory=dict)
    expected: int = 0
    gap: bool = False

    def step(self, step: Step) -> Iterator[Problem]:
        """What is wrong with the next step."""
        where = (*self.path, "steps", step.index)
        if step.index != self.expected:  # what a step with a problem of its own captured or made
            self.gap = True
        self.expected = step.index + 1
        yield from self._containers(step, where)
        yield from self._unset(step, where)
        effect = _EFFECTS.get(step.kind)
        if effect is not None:
            yield from effect(self, step.action, step, (*where, step.kind))
        self.captured |= step.captures.keys()

    def _containers(self, step: Step, where: KeyPath) -> Iterator[Problem]:
        named = KINDS[step.kind].named
        known = self.scope.declared["services"]
        if named in ("volume", ""):
            return
        if step.service:
            key = step.kind if named == "containers" else "service"
            yield from self._service(step, (*where, key) if key in step.given else where, known)
        elif named in ("service", "port") and len(known) > 1:
            message = f"it is not said which service `{step.kind}` is about"
            hint = f"write `service = …` into the step or the experiment; {one_of(known)}"
            yield Problem("CAP004", where, message, hint.removesuffix("; "))
            return
        if named == "port" and "port" not in step.given:
            yield from self._port(step, where)

    def _service(self, step: Step, where: KeyPath, known: frozenset[str]) -> Iterator[Problem]:
        if step.service not in known:
            hint = did_you_mean(step.service, known) or one_of(known)
            yield Problem("CAP103", where, f"no service `{step.service}` in this spec", hint)
            return
        service = self.pipeline.services.get(step.service)
        count = self.replicas.get(step.service, service.replicas if service else step.replica)
        if step.replica > count:
            message = f"no replica {step.replica}: the service {step.service} has {count} here"
            yield Problem("CAP103", where, message, "`replicas`, or a `scale` before, makes more")

    def _port(self, step: Step, where: KeyPath) -> Iterator[Problem]:
        services = self.pipeline.services
        name = step.service or next(iter(services), "")
        service = services.get(name)
        if service is None or service.ingress or ("services", name, "ports") in self.scope.damaged:
            return
        if not any(port.protocol == "tcp" for port in service.ports):
            message = f"it is not said which port to ask: the service {name} publishes none"
            yield Problem("CAP004", where, message, "write `port = …`: the one that it listens on")

    def upgrade(self, action: Upgrade, step: Step, where: KeyPath) -> Iterator[Problem]:
        """Another version must be there to run."""
        version = action.version
        problems = list(_no_version(self.pipeline, version, step.service, where, self.scope))
        yield from problems
        if problems:
            return
        changed = {
            name: version
            for name in self.running
            if step.service in ("", name) and version in self._versions(name)
        }
        if changed and all(self.running[name] == version for name in changed):
            message = f"version {version} runs already at this step"
            hint = "say with `version = …` of the experiment what runs at the beginning"
            yield Problem("CAP144", where, message, hint)
        self.before.append(dict(self.running))
        self.running |= changed

    def _versions(self, service: str) -> frozenset[str]:
        image = self.pipeline.images.get(self.pipeline.services[service].image)
        return frozenset(image.versions) if image else frozenset()

    def rollback(self, _action: Action, _step: Step, where: KeyPath) -> Iterator[Problem]:
        """Something must have run before."""
        if self.before:
            self.running = self.before.pop()
        else:
            message = "there is nothing to go back to: no step before it upgrades"
            yield Problem("CAP144", where, message, 'write `{ upgrade = "…" }` before it')

    def scale(self, action: Scale, step: Step, _where: KeyPath) -> Iterator[Problem]:
        """More replicas have names from here on."""
        name = step.service or next(iter(self.pipeline.services), "")
        self.replicas[name] = action.replicas
        yield from ()

    def back_up(self, action: BackUp, _step: Step, where: KeyPath) -> Iterator[Problem]:
        """The volume must be there."""
        yield from self._volume(action.volume, where)
        self.backed_up.add(action.volume)

    def restore(self, action: Restore, _step: Step, where: KeyPath) -> Iterator[Problem]:
        """There must be a backup of it."""
        name = action.volume
        problems = list(self._volume(name, where))
        yield from problems
        if not problems and name not in self.backed_up:
            message = f"there is no backup of `{name}`: no step before it makes one"
            yield Problem("CAP144", where, message, f'write `{{ backup = "{name}" }}` before it')

    def _volume(self, name: str, where: KeyPath) -> Iterator[Problem]:
        known = self.scope.declared["volumes"]
        if name not in known:
            message = f"no volume `{name}` in this spec"
            yield Problem("CAP104", where, message, suggestion(name, known))

    def _unset(self, step: Step, where: KeyPath) -> Iterator[Problem]:
        for key, name in step.references:
            if name not in self.captured and not self.gap:
                message = f"no step before it captures `{name}`"
                hint = suggestion(name, sorted(self.captured - {ROUND}))
                yield Problem("CAP140", (*where, key), message, hint)


_EFFECTS: Mapping[str, Callable[[_Walk, Any, Step, KeyPath], Iterator[Problem]]] = {
    "upgrade": _Walk.upgrade,
    "rollback": _Walk.rollback,
    "scale": _Walk.scale,
    "backup": _Walk.back_up,
    "restore": _Walk.restore,
}
"""What a step of a kind needs of the steps before it, and changes for those after it."""


def _no_version(
    pipeline: Pipeline, version: str, service: str, path: KeyPath, scope: ReadContext
) -> Iterator[Problem]:
    """A version that no service's image has, or not that of the service."""
    services = [s for s in pipeline.services.values() if service in ("", s.name)]
    images = {s.image for s in services if s.built_here}
    if not services or any(f"{image}:{version}" in scope.declared["versions"] for image in images):
        return
    known = sorted({v for i in images if i in pipeline.images for v in pipeline.images[i].versions})
    whose = f"the service {service}" if service else "no service of this spec"
    message = f"{whose} has {'no' if service else 'a'} version {version}"
    yield Problem("CAP102", path, message, suggestion(version, known))


def _deadlines(experiment: OwnExperiment, path: KeyPath) -> Iterator[Problem]:
    waits = sum(step.action.seconds for step in experiment.steps if isinstance(step.action, Wait))
    if waits * experiment.repeat >= experiment.timeout:
        message = (
            f"the steps wait {waits * experiment.repeat:g} s in all, "
            f"and all must be done in {experiment.timeout:g} s"
        )
        yield Problem("CAP141", path, message, "wait less, or give it more `timeout`")
    for step in experiment.steps:
        if step.within is not None and step.within >= experiment.timeout:
            message = (
                f"the experiment ends before: all of it must be done in {experiment.timeout:g} s"
            )
            yield Problem("CAP141", (*path, "steps", step.index, "within"), message)


def _looks(experiment: OwnExperiment, path: KeyPath) -> Iterator[Problem]:
    if not any(KINDS[step.kind].looks for step in experiment.steps):
        message = "no step looks at the application, so that the claim can hardly be refuted"
        hint = "add a step with `http`, `exec` or `read`"
        yield Problem("CAP143", (*path, "steps"), message, hint)
