"""Plans that take away: leftovers, orphans, and everything but the volumes (pure)."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pipeline.deploy.model.operation import Operation, Plan
from pipeline.deploy.observe.snapshot import Container, Observed
from pipeline.deploy.plan.history import Record, is_record, records_of
from pipeline.engine import labels
from pipeline.spec.model import Pipeline

NEXT = ".next"
"""Ends the name of a replica that will take an old one's place and name."""


def removal(
    container: Container, cause: str, after: tuple[str, ...] = (), grace: float | None = None
) -> Operation:
    """Remove it; when it runs, its stop signal and its grace come first.

    Args:
        grace: seconds; None is what the container was made with.
    """
    return Operation("remove", "container", container.name, cause, after, grace=grace)


def forgotten(record: Record, cause: str, after: tuple[str, ...] = ()) -> Operation:
    """Remove the record of a deploy."""
    return Operation("remove", "deploy", str(record.number), cause, after, record=record.secret)


def unfinished(pipeline: Pipeline, observed: Observed) -> list[Operation]:
    """Remove what an engine that was killed left of a container; known by its name alone."""
    services = "|".join(map(re.escape, pipeline.services))
    place = r"(\d+|ingress|door)"  # `door`: an ingress made by a version before 0029
    ours = re.compile(rf"{re.escape(pipeline.name)}-({services})-{place}({re.escape(NEXT)})*")
    return [
        Operation("remove", "container", name, "the engine was killed while creating it")
        for name in sorted(observed.unfinished)
        if ours.fullmatch(name)
    ]


def plan_down(pipeline: Pipeline, observed: Observed) -> Plan:
    """Remove containers, networks and secrets; volumes stay and are named.

    Ingresses go first and dependencies are not looked at: everything ends.
    """
    operations = unfinished(pipeline, observed)
    for container in sorted(observed.containers, key=lambda c: (not c.is_ingress, c.name)):
        operations.append(removal(container, "down"))
    gone = tuple(o.key for o in operations)
    operations += [
        Operation("remove", "network", name, "down", gone)
        for name in owned(pipeline.name, observed.networks)
    ]
    operations += [
        Operation("remove", "secret", name, "down", gone)
        for name in owned(pipeline.name, observed.secrets)
        if not is_record(observed.secrets[name])
    ]
    records = records_of(pipeline.name, observed.secrets)
    operations += [forgotten(record, "down", gone) for record in records]
    notes = tuple(
        f"volume {name} stays (`capas volume.rm` deletes it)"
        for name in owned(pipeline.name, observed.volumes)
    )
    return Plan(tuple(operations), (*observed.broken, *notes))


def owned(pipeline: str, found: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Names of what carries this pipeline's label."""
    return sorted(n for n, has in found.items() if has.get(labels.PIPELINE) == pipeline)
