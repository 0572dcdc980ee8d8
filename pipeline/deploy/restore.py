"""Back to what served before, when an update failed half-way (pure).

Nothing old is removed before the whole service is healthy, so going back is starting it again:
the very containers, whatever has changed in the spec since they were made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pipeline.deploy.container import Blueprint
from pipeline.deploy.doorway import Doorway
from pipeline.deploy.observe import Container, Observed
from pipeline.deploy.operation import RELEASE_SECONDS, Operation, Plan
from pipeline.deploy.removal import removal
from pipeline.spec.model import Pipeline

_CAUSE = "its update failed"


def plan_restore(pipeline: Pipeline, blueprints: Sequence[Blueprint], observed: Observed) -> Plan:
    """Remove the new containers of every unfinished update and let the old ones serve."""
    operations: list[Operation] = []
    notes: list[str] = []
    for blueprint in blueprints:
        back = _service(pipeline, blueprint, observed)
        operations += back
        if back:
            version = next((o.version for o in _old(blueprint, observed).values()), "")
            notes.append(f"{blueprint.desired.name} is back to {version or 'what ran before'}")
    return Plan(tuple(operations), tuple(notes))


def _old(blueprint: Blueprint, observed: Observed) -> dict[int, Container]:
    """The old container of each replica that has one: the running one, else the one by name."""
    found = [c for c in observed.of(blueprint.desired.name) if c.config != blueprint.config]
    found.sort(key=lambda c: (c.running, -len(c.name)))
    return {c.number: c for c in found}


def _service(pipeline: Pipeline, blueprint: Blueprint, observed: Observed) -> list[Operation]:
    name = blueprint.desired.name
    old = _old(blueprint, observed)
    new = [c for c in observed.of(name) if c.config == blueprint.config]
    if not old or not new:
        return []
    serving = {c.number: c.alias for c in observed.of(name) if c.running}
    door = Doorway(pipeline, blueprint.desired, observed, serving)
    operations: list[Operation] = []
    gone = [removal(c, _CAUSE) for c in new if c.number in old]
    up: list[Operation] = []
    for container in old.values():
        after = tuple(o.key for o in gone)
        if not container.running:
            start = Operation("start", "container", container.name, _CAUSE, after)
            up.append(replace(start, seconds=RELEASE_SECONDS))
            # Not held to the spec's health check: that one may be made for what failed.
            must = "it must keep running"
            up.append(Operation("wait for", "container", container.name, must, (up[-1].key,)))
    operations += up
    if door.serves:
        members = {number: c.alias for number, c in old.items()}
        ready = tuple(o.key for o in up)
        return [*gone, *operations, *door.settle(members, ready)]
    return [*gone, *operations]
