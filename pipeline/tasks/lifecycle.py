"""`stop`, `start`, `restart`, `pause` and `unpause`: a container's life between deploys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.tasks.command import SPEC_HELP, command, host_profile, load_pipeline
from pipeline.tasks.deploy_common import at_work, deploy_listener, note_broken

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.deploy.plan.lifecycle import Change

_HELP = {
    "services": "which: web, web-2, a container's name, several of them; default all",
    "spec": SPEC_HELP,
}


@command(help=_HELP, iterable=["services"])
def stop(services: Sequence[str] | None = None, spec: str | None = None) -> int:
    """Stop containers with their stop signal; their write layers stay."""
    return _change("stop", services, spec)


@command(help=_HELP, iterable=["services"])
def start(services: Sequence[str] | None = None, spec: str | None = None) -> int:
    """Start stopped containers, dependencies first, and wait until they are healthy."""
    return _change("start", services, spec)


@command(help=_HELP, iterable=["services"])
def restart(services: Sequence[str] | None = None, spec: str | None = None) -> int:
    """Stop and start containers, dependencies first."""
    return _change("restart", services, spec)


@command(help=_HELP, iterable=["services"])
def pause(services: Sequence[str] | None = None, spec: str | None = None) -> int:
    """Freeze the processes of containers; their memory stays."""
    return _change("pause", services, spec)


@command(help=_HELP, iterable=["services"])
def unpause(services: Sequence[str] | None = None, spec: str | None = None) -> int:
    """Let frozen containers go on."""
    return _change("unpause", services, spec)


_STARTING = ("start", "restart")


def _change(change: Change, services: Sequence[str] | None, spec: str | None) -> int:
    from pipeline.deploy.apply.executor import apply
    from pipeline.deploy.observe.look import what_runs
    from pipeline.deploy.plan.lifecycle import lost_to, plan_change
    from pipeline.deploy.plan.select import left_over, select_containers
    from pipeline.engine.podman import PodmanReader
    from pipeline.lean_dataclasses import replace

    pipeline = load_pipeline(spec)
    environment = host_profile().environment
    with at_work(pipeline, environment) as uri:
        with PodmanReader(uri) as reader:
            note_broken(reader, pipeline)
            observed = what_runs(reader, pipeline.name)
        containers = select_containers(observed.containers, services or ())
        left = left_over(pipeline, observed, services or ()) if change in _STARTING else ()
        containers = tuple(c for c in containers if c not in left)
        plan = plan_change(pipeline, change, containers)
        notes = [f"{c.name} was left by an unfinished deploy: not changed" for c in left]
        plan = replace(plan, notes=(*notes, *plan.notes))
        told = deploy_listener()
        error = lost_to(change, containers)
        if plan.changes or error is None:
            told.planned(plan)
        outcome = apply(plan, uri, told.ended)
        if change == "pause" and outcome.failed:
            from pipeline.host.doctor import require

            require("pause", environment)  # the doctor's reason, where it has one
        outcome.raise_first()
        if error is not None:
            raise error
    return 0
