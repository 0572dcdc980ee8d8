"""Plans for what happens to containers between a deploy and its end (pure)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from pipeline.deploy.model.desired import depended_on, in_order
from pipeline.deploy.model.operation import RELEASE_SECONDS, Operation, Plan
from pipeline.deploy.observe.snapshot import Container
from pipeline.errors import EngineError
from pipeline.spec.model import Pipeline

Change = Literal["stop", "start", "restart", "pause", "unpause"]

_STATES: Mapping[Change, tuple[str, ...]] = {
    "stop": ("running", "paused"),
    "start": ("created", "configured", "initialized", "exited", "stopped"),
    "restart": ("running", "exited", "stopped", "created"),
    "pause": ("running",),
    "unpause": ("paused",),
}
"""The states in which each makes sense; others are left alone and told."""
_WITHOUT_MONITOR: tuple[Change, ...] = ("stop", "pause", "unpause")
"""What can be done with a container whose monitor has ended."""


def plan_change(pipeline: Pipeline, change: Change, containers: Sequence[Container]) -> Plan:
    """Do this to these containers; dependencies start first, and a job is held to its end.

    A job that ended with 0 is done, as it is for a deploy.
    """
    jobs = depended_on(pipeline.services.values(), "service_completed_successfully")
    operations: list[Operation] = []
    notes: list[str] = []
    up: dict[str, list[str]] = {}
    for container in _in_order(pipeline, containers):
        if container.lost and change not in _WITHOUT_MONITOR:
            continue  # told by `lost_to`
        if container.state not in _STATES[change] and not _is_unreachable(change, container):
            notes.append(f"{container.name} is {_state(container)}: not changed")
            continue
        is_job = container.service in jobs
        if change in ("start", "restart") and is_job and container.ended_well:
            notes.append(f"{container.name} is a job that is done: not changed")
            continue
        steps = _steps(pipeline, change, container, up, is_job=is_job)
        operations += steps
        up.setdefault(container.service, []).extend(step.key for step in steps)
    return Plan(tuple(operations), tuple(notes))


def lost_to(change: Change, containers: Sequence[Container]) -> EngineError | None:
    """The error for containers with which Podman can do no more what was asked for."""
    lost = [c for c in containers if c.lost and change not in _WITHOUT_MONITOR]
    if not lost:
        return None
    names = ", ".join(c.name for c in lost)
    return EngineError(
        f"Podman cannot {change} {names}",
        details="\n".join(f"{c.name}: {c.fault}" for c in lost),
        resolution="`capas deploy` makes a new container of each",
    )


def _is_unreachable(change: Change, container: Container) -> bool:
    """Whether it runs, and starting it must mean more than that."""
    return change == "start" and container.running and bool(container.fault)


def _state(container: Container) -> str:
    return f"{container.state} ({container.fault})" if container.fault else container.state


def _steps(
    pipeline: Pipeline,
    change: Change,
    container: Container,
    up: Mapping[str, Sequence[str]],
    *,
    is_job: bool,
) -> list[Operation]:
    cause = f"it is {container.state}"
    if change not in ("start", "restart"):
        return [Operation(change, "container", container.name, cause)]
    if container.fault:
        change, cause = "restart", container.fault
    service = pipeline.services.get(container.service)
    needed = [d.service for d in service.depends_on] if service else []
    if container.is_ingress:
        needed = [container.service]
    after = tuple(key for name in needed for key in up.get(name, ()))
    patience = RELEASE_SECONDS if change == "start" else 0.0
    step = Operation(change, "container", container.name, cause, after, patience=patience)
    if container.is_ingress:
        return [step]
    if is_job:
        must = "others depend on it"
        wait = Operation("wait for the end of", "container", container.name, must, (step.key,))
        return [step, wait]
    check = service.healthcheck if service else None
    must = "it must be healthy" if check else "it must keep running"
    return [
        step,
        Operation("wait for", "container", container.name, must, (step.key,), check=check),
    ]


def _in_order(pipeline: Pipeline, containers: Sequence[Container]) -> list[Container]:
    """Dependencies first, each service's ingress after its replicas."""
    services = [service.name for service in in_order(list(pipeline.services.values()))]
    place = {name: number for number, name in enumerate(services)}
    return sorted(
        containers, key=lambda c: (place.get(c.service, len(place)), c.is_ingress, c.number, c.name)
    )
