"""The story of a deploy: look, plan, apply; when a new version is not healthy, go back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pipeline.deploy.apply import Failure, Outcome, apply
from pipeline.deploy.desired import Desired
from pipeline.deploy.door import door_check
from pipeline.deploy.observe import Observed
from pipeline.deploy.operation import Operation, Plan
from pipeline.deploy.plan import DEFAULT_OPTIONS, Options, blueprints_of, plan_deploy
from pipeline.deploy.ports import lost_ports
from pipeline.deploy.preview import look
from pipeline.deploy.pull import plan_pulls, pull
from pipeline.deploy.restore import plan_restore
from pipeline.engine.podman import Reader
from pipeline.errors import CapasError
from pipeline.spec.model import Pipeline

_ROUNDS = 25
"""How often things may change between our look and our call."""
_OVERTAKEN = ("already in use", "already exists", "no such container", "name in use")
"""Podman's words for what was not so when we looked."""


@dataclass(frozen=True)
class Telling:
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


QUIETLY = Telling()


def converge(
    uri: str,
    pipeline: Pipeline,
    wanted: Sequence[Desired],
    options: Options = DEFAULT_OPTIONS,
    telling: Telling = QUIETLY,
) -> Plan:
    """Make reality equal the spec; what the last plan was.

    Raises:
        CapasError: it could not be done; an update that had begun has been taken back.
    """
    lost: set[int] = set()
    before: Plan | None = None
    with Reader(uri) as reader:
        observed = look(reader, pipeline, wanted)
        if pulls := plan_pulls(wanted, observed, fresh=options.fresh):
            pull(uri, pulls, telling.pulling, telling.ended)
            observed = look(reader, pipeline, wanted)
        for _round in range(_ROUNDS):
            plan = plan_deploy(pipeline, wanted, observed, options)
            telling.planned(plan)
            if plan.backups:
                telling.upgrading(plan.backups)
            outcome = apply(plan, uri, telling.ended)
            if not outcome.failed:
                if options.wait:
                    _watch_the_unchanged(uri, wanted, observed, plan)
                return plan
            if plan == before or not all(map(_is_overtaken, outcome.failed)):
                break
            before = plan
            lost.update(port for f in outcome.failed for port in lost_ports(f.error.details))
            observed = look(reader, pipeline, wanted, lost)
        now = look(reader, pipeline, wanted, lost)
        back = plan_restore(pipeline, blueprints_of(pipeline, wanted, now), now)
    if back.changes:
        telling.planned(back)
        restored = apply(back, uri, telling.ended)
        outcome = Outcome(failed=(*outcome.failed, *restored.failed))
    outcome.raise_first()
    return plan


def _is_overtaken(failure: Failure) -> bool:
    """Whether things had changed since we looked: a new look and a new plan are the answer.

    Another program took a port, or a call that a killed deploy had sent was still being served.
    """
    words = failure.error.details
    if failure.operation.verb.startswith("wait"):
        return False
    return bool(lost_ports(words)) or any(phrase in words for phrase in _OVERTAKEN)


def _watch_the_unchanged(
    uri: str, wanted: Sequence[Desired], observed: Observed, plan: Plan
) -> None:
    """Hold to their health checks what the plan did not touch: "done" must not be a lie."""
    touched = {operation.name for operation in plan.operations}
    waits = [
        Operation("wait for", "container", c.name, "unchanged", check=d.service.healthcheck)
        for d in wanted
        if d.service.healthcheck is not None
        for c in observed.of(d.name)
        if c.running and c.name not in touched and c.number <= d.service.replicas
    ]
    doors = [(d, observed.door(d.name)) for d in wanted if d.door]
    waits += [
        Operation("wait for", "door", c.name, "unchanged", check=door_check(d.service))
        for d, c in doors
        if c is not None and c.running
    ]
    apply(Plan(tuple(waits)), uri).raise_first()
