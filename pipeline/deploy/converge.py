"""The story of a deploy: look, plan, apply; healthy as a whole, or back as a whole."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Protocol

from pipeline.deploy.apply.executor import Failure, Listener, Outcome, apply
from pipeline.deploy.apply.pull import pull
from pipeline.deploy.discovered import Discovered, is_overtaken
from pipeline.deploy.model.desired import DesiredService
from pipeline.deploy.model.operation import Operation, Plan
from pipeline.deploy.observe.look import look
from pipeline.deploy.observe.snapshot import Observed
from pipeline.deploy.plan.bring_up import plan_bring_up
from pipeline.deploy.plan.deploy_plan import DEFAULT_OPTIONS, Options, blueprints_of, plan_deploy
from pipeline.deploy.plan.ingress import ingress_check
from pipeline.deploy.plan.pulls import plan_pulls
from pipeline.deploy.plan.restore import BeforeDeploy, plan_restore, what_became
from pipeline.engine.podman import PodmanReader
from pipeline.errors import CapasError
from pipeline.lean_dataclasses import dataclass, replace
from pipeline.spec.model import Pipeline

_ROUNDS = 25
"""How often things may change between our look and our call."""
_TRIES = 3
"""How often a failed deploy tries to go back: what failed once, as a port that is not free yet, may
succeed."""


@dataclass(frozen=True)
class DeployListener:
    """Who is told what happens, while it happens.

    Attributes:
        planned: a plan, before anything of it is done.
        ended: an operation, and the error when it failed.
        upgrading: volumes that want a backup now.
        pulling: an image that is being pulled, and what the engine says of it.
    """

    planned: Callable[[Plan], None] = lambda _plan: None
    ended: Callable[[Operation, CapasError | None], None] = lambda _operation, _error: None
    upgrading: Callable[[tuple[str, ...]], None] = lambda _volumes: None
    pulling: Callable[[Operation, str], None] = lambda _operation, _line: None


QUIETLY = DeployListener()


class DeployBackend(Protocol):
    """What a deploy looks at and acts on."""

    def look(self, wanted: Sequence[DesiredService], lost: Iterable[int] = ()) -> Observed:
        """One snapshot; `lost` are ports that could not be bound though nobody held them."""

    def apply(self, plan: Plan, listen: Listener) -> Outcome:
        """Carry out a plan as far as it can be."""

    def pull(self, pulls: Sequence[Operation]) -> None:
        """Get images."""


def converge(
    uri: str,
    pipeline: Pipeline,
    wanted: Sequence[DesiredService],
    options: Options = DEFAULT_OPTIONS,
    telling: DeployListener = QUIETLY,
) -> Plan:
    """Make reality equal the spec; what the last plan was.

    Raises:
        CapasError: it could not be done; all services are what they were before.
    """
    with PodmanReader(uri) as reader:
        engine = _Podman(uri, reader, pipeline, telling)
        return Deploy(engine, pipeline, wanted, options, telling).run()


class Deploy:
    """One deploy, from its first look to its end."""

    def __init__(
        self,
        engine: DeployBackend,
        pipeline: Pipeline,
        wanted: Sequence[DesiredService],
        options: Options = DEFAULT_OPTIONS,
        telling: DeployListener = QUIETLY,
    ) -> None:
        self._engine = engine
        self._pipeline = pipeline
        self._wanted = wanted
        self._options = options
        self._telling = telling
        self._discovered = Discovered()
        self._noted: list[str] = []

    def run(self) -> Plan:
        """Do it.

        Raises:
            CapasError: it could not be done; all services are what they were before.
        """
        observed = self._look()
        if pulls := plan_pulls(self._wanted, observed, fresh=self._options.fresh):
            self._engine.pull(pulls)
            observed = self._look()
        before = observed = self._bring_up(observed)
        last: Plan | None = None
        for _round in range(_ROUNDS):
            plan = plan_deploy(self._pipeline, self._wanted, observed, self._options)
            plan = replace(plan, notes=(*self._noted, *plan.notes))
            outcome = self._attempt(plan, observed)
            if not outcome.failed:
                return plan
            observed = self._look_after(observed, outcome)
            unreachable = {c.name for c in observed.containers if c.fault}
            again = (is_overtaken(f) or f.operation.name in unreachable for f in outcome.failed)
            if plan == last or not all(again):
                break
            last = plan
        if any(o.verb == "record" for o in outcome.done):
            outcome.raise_first()  # it is healthy as a whole; the next deploy tidies up
        raise self._went_back(before, outcome)

    def _look(self) -> Observed:
        """One snapshot, and with it what only a try could show."""
        found = self._engine.look(self._wanted, self._discovered.lost_ports)
        return self._discovered.added_to(found)

    def _look_after(self, before: Observed, outcome: Outcome) -> Observed:
        """Learn from an attempt that failed, and look again."""
        self._discovered.learn(before, outcome)
        observed = self._look()
        if halves := self._discovered.half_renamed(observed):
            self._engine.apply(Plan(halves), self._telling.ended)
            observed = self._look()
        self._discovered.learn_ends(observed, outcome)
        return self._discovered.added_to(observed)

    def _bring_up(self, observed: Observed) -> Observed:
        """Start what ran before, where something that stands still would be replaced."""
        blueprints = blueprints_of(self._pipeline, self._wanted, observed)
        plan = plan_bring_up(self._pipeline, blueprints, observed)
        if not plan.changes:
            return observed
        self._telling.planned(plan)
        outcome = self._engine.apply(plan, self._telling.ended)
        self._discovered.learn(observed, outcome)
        for failure in outcome.failed:
            said = failure.error.brief
            self._noted.append(f"{failure.operation.name} did not start again: {said}")
        return self._look()

    def _attempt(self, plan: Plan, observed: Observed) -> Outcome:
        """Carry out a plan; what takes away only when all is healthy."""
        self._telling.planned(plan)
        if plan.backups:
            self._telling.upgrading(plan.backups)
        outcome = self._engine.apply(plan.head, self._telling.ended)
        if not outcome.failed and self._options.wait:
            # "Done" must not be a lie about what the plan did not touch.
            rest = Plan(_waits_for_the_unchanged(self._wanted, observed, plan))
            unchanged = self._engine.apply(rest, lambda _operation, _error: None)
            outcome = replace(outcome, failed=unchanged.failed)
        if outcome.failed:
            return outcome
        ended = self._engine.apply(plan.ending, self._telling.ended)
        return Outcome((*outcome.done, *ended.done), ended.failed)

    def _went_back(self, before: Observed, outcome: Outcome) -> CapasError:
        """Let everything be as it was; the error that says why, and what became of it."""
        waited = {f.operation.name for f in outcome.failed if f.operation.waits}
        started = {o.name for o in outcome.done if o.verb == "start"}
        found = BeforeDeploy(self._pipeline, before, frozenset(waited), frozenset(started))
        failures = outcome.failed
        lines: list[str] = []
        with suppress(CapasError):  # an engine that is gone: the next deploy goes on from here
            failed = now = self._look()
            for number in range(_TRIES):
                back = plan_restore(found, self._wanted, now, again=number > 0)
                if not back.changes:
                    break
                self._telling.planned(back)
                restored = self._engine.apply(back, self._telling.ended)
                now = self._look()
                if number + 1 == _TRIES:
                    failures = (*failures, *restored.failed)
            lines = what_became(found, self._wanted, failed, now)
        return _told(failures, lines)


def _told(failures: Sequence[Failure], lines: Sequence[str]) -> CapasError:
    """One error for all that failed, and for what runs now."""
    try:
        Outcome(failed=tuple(failures)).raise_first()
    except CapasError as error:
        details = "\n".join(part for part in [error.details, *lines] if part)
        return type(error)(error.brief, details=details, resolution=error.resolution)
    raise AssertionError("nothing failed")


class _Podman:
    """The engine behind the API of its service."""

    def __init__(
        self, uri: str, reader: PodmanReader, pipeline: Pipeline, telling: DeployListener
    ) -> None:
        self._uri = uri
        self._reader = reader
        self._pipeline = pipeline
        self._telling = telling

    def look(self, wanted: Sequence[DesiredService], lost: Iterable[int] = ()) -> Observed:
        return look(self._reader, self._pipeline, wanted, lost)

    def apply(self, plan: Plan, listen: Listener) -> Outcome:
        return apply(plan, self._uri, listen)

    def pull(self, pulls: Sequence[Operation]) -> None:
        pull(self._uri, pulls, self._telling.pulling, self._telling.ended)


def _waits_for_the_unchanged(
    wanted: Sequence[DesiredService], observed: Observed, plan: Plan
) -> tuple[Operation, ...]:
    """Hold to their health checks what the plan does not touch."""
    touched = {operation.name for operation in plan.operations}
    waits = [
        Operation("wait for", "container", c.name, "unchanged", check=d.service.healthcheck)
        for d in wanted
        if d.service.healthcheck is not None
        for c in observed.of(d.name)
        if c.running and c.name not in touched and c.number <= d.service.replicas
    ]
    waits += [
        Operation("wait for", "ingress", c.name, "unchanged", check=ingress_check(d.service))
        for d in wanted
        if d.ingress_image
        for c in observed.ingresses(d.name)
        if c.running and c.name not in touched
    ]
    return tuple(waits)
