"""`deploy`, `scale`, `rollback` and `down`: make reality equal the spec, or take it away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.tasks.command import SPEC_HELP, command, host_profile, load_pipeline, say
from pipeline.tasks.deploy_common import (
    at_work,
    converge_and_show,
    deploy_listener,
    refuse_closed_network,
    released,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.deploy.model.desired import Overrides
    from pipeline.deploy.model.operation import Plan
    from pipeline.deploy.plan.deploy_plan import Options
    from pipeline.spec.model import Pipeline

_OPTIONS = {
    "spec": SPEC_HELP,
    "wait": "hold every new container to its health check (default: yes)",
    "dry-run": "show what would be done, and do nothing",
    "exit-code": "with --dry-run: answer 10 when something would change",
}


@command(
    help={
        **_OPTIONS,
        "version": "the version to run, for every service whose image has it",
        "replicas": "how many: 3, or web=3,worker=2",
        "profile": "also the services of this profile",
        "remove-orphans": "remove what this spec made and no longer names (never a volume)",
    },
    iterable=["profile"],
)
def deploy(
    *,
    spec: str | None = None,
    version: str | None = None,
    replicas: str | None = None,
    profile: Sequence[str] | None = None,
    dry_run: bool = False,
    exit_code: bool = False,
    wait: bool = True,
    remove_orphans: bool = False,
) -> int:
    """Make reality equal the spec: create, update replica by replica, go back when it fails."""
    from pipeline.deploy.model.desired import Overrides, replicas_for, versions_for
    from pipeline.deploy.plan.deploy_plan import Options

    pipeline = load_pipeline(spec)
    wish = Overrides(
        versions_for(pipeline, version) if version else {},
        replicas_for(pipeline, replicas) if replicas else {},
        frozenset(profile or ()),
    )
    options = Options(wait=wait, remove_orphans=remove_orphans, fresh=True)
    if dry_run:
        return _preview(pipeline, wish, options, exit_code=exit_code)
    environment = host_profile().environment
    refuse_closed_network(environment)
    with at_work(pipeline, environment) as uri:
        return converge_and_show(uri, pipeline, wish, environment, options)


@command(
    help={"replicas": "how many: 3, or web=3,worker=2", "spec": SPEC_HELP}, positional=["replicas"]
)
def scale(replicas: str, spec: str | None = None) -> int:
    """Change how many replicas run, in the versions that run now."""
    from pipeline.deploy.model.desired import replicas_for
    from pipeline.deploy.observe.look import what_runs
    from pipeline.deploy.plan.select import current_overrides
    from pipeline.engine.podman import PodmanReader
    from pipeline.lean_dataclasses import replace

    pipeline = load_pipeline(spec)
    asked = replicas_for(pipeline, replicas)
    environment = host_profile().environment
    refuse_closed_network(environment)
    with at_work(pipeline, environment) as uri:
        with PodmanReader(uri) as reader:
            now = current_overrides(pipeline, what_runs(reader, pipeline.name))
        wish = replace(now, replicas={**now.replicas, **asked})
        return converge_and_show(uri, pipeline, wish, environment)


@command(
    help={
        "version": "the version to go back to; default: the last deploy that was healthy",
        "spec": SPEC_HELP,
    }
)
def rollback(version: str | None = None, spec: str | None = None) -> int:
    """Go back to the last deploy that was healthy as a whole, replica by replica."""
    from pipeline.deploy.model.desired import versions_for
    from pipeline.deploy.observe.look import what_runs
    from pipeline.deploy.plan.deploy_plan import DEFAULT_OPTIONS
    from pipeline.deploy.plan.select import Goal, current_overrides, rollback_goal
    from pipeline.engine.podman import PodmanReader
    from pipeline.lean_dataclasses import replace
    from pipeline.output.terminal import print_note

    pipeline = load_pipeline(spec)
    environment = host_profile().environment
    refuse_closed_network(environment)
    with at_work(pipeline, environment) as uri:
        with PodmanReader(uri) as reader:
            observed = what_runs(reader, pipeline.name)
        goal = (
            Goal(versions_for(pipeline, version))
            if version
            else rollback_goal(pipeline, observed, released(pipeline))
        )
        print_note(str(goal))
        now = current_overrides(pipeline, observed)
        wish = replace(now, versions={**now.versions, **goal.versions})
        options = replace(DEFAULT_OPTIONS, back_to=goal.deploy)
        return converge_and_show(uri, pipeline, wish, environment, options)


@command(help={"spec": SPEC_HELP, "dry-run": _OPTIONS["dry-run"]})
def down(spec: str | None = None, dry_run: bool = False) -> int:
    """Remove the containers, networks and secrets of a spec; never a volume."""
    from pipeline.deploy.apply.executor import apply
    from pipeline.deploy.observe.snapshot import observe
    from pipeline.deploy.plan.removal import plan_down
    from pipeline.engine.podman import PodmanReader

    pipeline = load_pipeline(spec)
    environment = host_profile().environment
    with at_work(pipeline, environment) as uri:
        with PodmanReader(uri) as reader:
            plan = plan_down(pipeline, observe(reader, pipeline.name))
        if dry_run:
            _say_plan(plan)
            return 0
        told = deploy_listener()
        told.planned(plan)
        apply(plan, uri, told.ended).raise_first()
    return 0


def _preview(pipeline: Pipeline, wish: Overrides, options: Options, *, exit_code: bool) -> int:
    from pipeline.deploy.model.desired import desired_services
    from pipeline.deploy.preview import preview
    from pipeline.engine.podman import PodmanReader
    from pipeline.engine.service import api_service
    from pipeline.errors import WOULD_CHANGE
    from pipeline.tasks.remote_store import refuse_wrong_images

    wanted = desired_services(pipeline, wish)
    environment = host_profile().environment
    refuse_closed_network(environment)
    with api_service(environment) as uri, PodmanReader(uri) as reader:
        refuse_wrong_images(uri, pipeline, wanted, environment)
        plan = preview(reader, pipeline, wanted, options)
    _say_plan(plan)
    return WOULD_CHANGE if exit_code and plan.changes else 0


def _say_plan(plan: Plan) -> None:
    from pipeline.output.terminal import print_note

    if plan.headline:
        say(plan.headline)
    for name in plan.backups:
        say(f"back up volume {name} (backup_before_upgrade)")
    for operation in plan.operations:
        say(str(operation))
    if not plan.changes:
        say("nothing to do")
    for note in plan.notes:
        print_note(note)
