"""From what shall run and what is there to a plan: every operation with its cause (pure)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pipeline.deploy.model.desired import DesiredService, depended_on, restartable
from pipeline.deploy.model.operation import Operation, Plan
from pipeline.deploy.observe.features import Features
from pipeline.deploy.observe.snapshot import ImageFacts, Observed
from pipeline.deploy.plan.container_body import ContainerBlueprint, blueprint
from pipeline.deploy.plan.deploy_record import numbered, plan_record
from pipeline.deploy.plan.history import is_record
from pipeline.deploy.plan.removal import owned, removal, unfinished
from pipeline.deploy.plan.resources import plan_resources
from pipeline.deploy.plan.service_plan import ServiceContext, ServicePlan, plan_service
from pipeline.errors import EngineError, HostUnsupported
from pipeline.lean_dataclasses import dataclass, replace
from pipeline.spec.model import Dependency, Pipeline


@dataclass(frozen=True)
class Options:
    """What the command line says about how to deploy.

    Attributes:
        wait: hold every new container to its health check.
        remove_orphans: remove what carries our labels and is no longer in the spec.
        fresh: pull the images whose policy is `always`.
        back_to: the number of the deploy that a rollback goes back to, or 0.
    """

    wait: bool = True
    remove_orphans: bool = False
    fresh: bool = False
    back_to: int = 0


DEFAULT_OPTIONS = Options()


def plan_deploy(
    pipeline: Pipeline,
    wanted: Sequence[DesiredService],
    observed: Observed,
    options: Options = DEFAULT_OPTIONS,
) -> Plan:
    """What has to be done, dependencies first.

    Args:
        wanted: the services, dependencies first.

    Raises:
        EngineError: an image does not exist.
        HostUnable: this host cannot run it as the spec demands.
        CapasError: a name or a strict port belongs to somebody else.
    """
    wanted = _suited(pipeline, wanted, observed)
    blueprints = blueprints_of(pipeline, wanted, observed)
    made, notes = plan_resources(pipeline, wanted, observed)
    notes += _unasked(wanted, observed.abilities, wait=options.wait)
    notes += observed.broken
    operations = [*unfinished(pipeline, observed), *made]
    ready = tuple(operation.key for operation in operations)
    services = [desired.service for desired in wanted]
    jobs = depended_on(services, "service_completed_successfully")
    awaited = depended_on(services, "service_healthy")
    by_name = {plan.desired.name: plan for plan in blueprints}
    numbers = numbered(pipeline, observed, options.back_to)
    done: dict[str, ServicePlan] = {}
    for name, plan in by_name.items():
        gates, watches = _gates(plan, done, by_name, observed)
        around = ServiceContext(
            pipeline,
            observed,
            gate=(*ready, *gates),
            wait=options.wait or name in awaited,
            one_shot=name in jobs,
            taken=tuple(b for other in done.values() for b in other.bindings),
            numbers=numbers,
        )
        one = plan_service(plan, around)
        done[name] = one
        if one.started:
            planned = {o.key for o in operations}
            operations += [watch for watch in watches if watch.key not in planned]
        operations += one.operations
        notes += [*plan.notes, *one.notes]
    if options.wait:
        operations += _ends(done, operations)
    orphans, orphan_notes = _orphans(pipeline, wanted, observed, remove=options.remove_orphans)
    proved = all(one.proved for one in done.values())
    recorded = (
        plan_record(pipeline, blueprints, observed, options.back_to, proved=proved)
        if options.wait
        else []
    )
    tail = _tail(operations, recorded, [o for one in done.values() for o in one.tail], orphans)
    return Plan(
        operations=(*operations, *tail),
        notes=tuple(dict.fromkeys([*notes, *orphan_notes])),
        backups=_backups(pipeline, blueprints, done),
        tail=len(tail),
    )


def _ends(done: Mapping[str, ServicePlan], planned: Sequence[Operation]) -> list[Operation]:
    """The ends of jobs that nothing else in the plan waits for: a deploy is done when they are."""
    keys = {operation.key for operation in planned}
    ends = [
        Operation("wait for the end of", "container", name, "it is a job", (key,) if key else ())
        for one in done.values()
        for name, key in sorted(one.ending.items())
    ]
    return [end for end in ends if end.key not in keys]


def _tail(
    before: Sequence[Operation],
    recorded: Sequence[Operation],
    tidying: Sequence[Operation],
    orphans: Sequence[Operation],
) -> list[Operation]:
    """What comes when all is healthy: the record first, then whatever takes away."""
    everything = tuple(operation.key for operation in before)
    record = [replace(o, after=everything) for o in recorded if o.verb == "record"]
    after = tuple(o.key for o in record) or everything
    others = [*tidying, *orphans, *(o for o in recorded if o.verb != "record")]
    return [*record, *(replace(o, after=(*after, *o.after)) for o in others)]


def blueprints_of(
    pipeline: Pipeline, wanted: Sequence[DesiredService], observed: Observed
) -> list[ContainerBlueprint]:
    """What the replicas of each service are made from.

    Raises:
        EngineError: an image does not exist.
        HostUnable: this host would ignore a limit.
    """
    return [
        blueprint(pipeline, d, _image(d, observed), observed.abilities, observed.kept_fingerprints)
        for d in _suited(pipeline, wanted, observed)
    ]


def _suited(
    pipeline: Pipeline, wanted: Sequence[DesiredService], observed: Observed
) -> tuple[DesiredService, ...]:
    """The services as this host can keep them running."""
    able = observed.abilities
    if able.restarts_ports or able.no_network:
        return tuple(wanted)
    return restartable(pipeline, wanted)


def _image(desired: DesiredService, observed: Observed) -> ImageFacts:
    facts = observed.images.get(desired.reference)
    if facts is not None:
        return facts
    built_here = desired.service.built_here
    raise EngineError(
        f"the image {desired.reference} does not exist",
        details=f"service {desired.name} needs it",
        resolution=f"`capas build --version {desired.version}` builds it"
        if built_here
        else f"`podman pull {desired.reference}`, or build or load it under that name",
    )


def _unasked(wanted: Sequence[DesiredService], able: Features, *, wait: bool) -> list[str]:
    """What holds where nothing but the API of another machine can be asked.

    Raises:
        HostUnable: a health check would have to be asked there.
    """
    if not able.no_probe:
        return []
    for desired in wanted:
        check = desired.service.healthcheck
        if wait and check is not None and check.test is None:
            asked = f"http {check.http}" if check.http else f"tcp {check.tcp}"
            raise HostUnsupported(
                f"the health check of {desired.name} cannot run on {able.machine}",
                details=f"{asked} is sent from that machine itself; {able.no_probe}",
                resolution="use a `test` check, which runs inside the container, or `--no-wait`",
            )
    held = "a port in use there is found only when a container starts"
    up = "a container without a health check counts as up when it keeps running for half a second"
    return [f"on {able.machine} nothing but the API can be asked: {up}, and {held}"]


def _gates(
    plan: ContainerBlueprint,
    done: Mapping[str, ServicePlan],
    blueprints: Mapping[str, ContainerBlueprint],
    observed: Observed,
) -> tuple[list[str], list[Operation]]:
    """Keys that a service's replicas start after, and operations that watch its dependencies."""
    keys: list[str] = []
    watches: list[Operation] = []
    for dependency in plan.desired.service.depends_on:
        if dependency.service not in done:
            continue
        theirs = done[dependency.service]
        keys += [*theirs.started, *theirs.healthy]
        if dependency.condition != "service_started":
            other = blueprints[dependency.service]
            watches += _watches(plan.desired.name, dependency, other, theirs, observed)
    return [*keys, *(watch.key for watch in watches)], watches


def _watches(
    dependent: str,
    dependency: Dependency,
    other: ContainerBlueprint,
    theirs: ServicePlan,
    observed: Observed,
) -> list[Operation]:
    """What nothing else in the plan waits for: replicas that run already, and jobs to end."""
    to_end = dependency.condition == "service_completed_successfully"
    started = {o.name: o.key for o in theirs.operations if o.verb == "start"}
    gone = {o.name for o in theirs.operations if o.verb == "remove"}
    right = [c for c in observed.of(dependency.service) if c.config == other.config]
    running = {c.name: "" for c in right if c.name not in gone}
    names = {**running, **started} if to_end else {n: "" for n in running if n not in started}
    return [
        Operation(
            "wait for the end of" if to_end else "wait for",
            "container",
            name,
            f"{dependent} depends on it",
            (key,) if key else (),
            check=None if to_end else other.desired.service.healthcheck,
        )
        for name, key in sorted(names.items())
    ]


def _orphans(
    pipeline: Pipeline, wanted: Sequence[DesiredService], observed: Observed, *, remove: bool
) -> tuple[list[Operation], list[str]]:
    """What carries our labels and is no longer in the spec; volumes are never removed."""
    gone = [c for c in observed.containers if c.service not in pipeline.services]
    used = {name for desired in wanted for name in desired.networks}
    networks = [n for n in owned(pipeline.name, observed.networks) if n not in used]
    known = {secret.engine_name for secret in pipeline.secrets.values()}
    secrets = [
        s
        for s in owned(pipeline.name, observed.secrets)
        if s not in known and not is_record(observed.secrets[s])
    ]
    volumes = {volume.engine_name for volume in pipeline.volumes.values()}
    notes = [
        f"volume {name} is no longer in the spec: it stays"
        for name in owned(pipeline.name, observed.volumes)
        if name not in volumes
    ]
    if not remove:
        names = [*(c.name for c in gone), *networks, *secrets]
        notes += [f"{name} is no longer in the spec: --remove-orphans removes it" for name in names]
        return [], notes
    cause = "no longer in the spec"
    operations = [removal(c, cause) for c in gone]
    after = tuple(o.key for o in operations)
    operations += [Operation("remove", "network", name, cause, after) for name in networks]
    operations += [Operation("remove", "secret", name, cause, after) for name in secrets]
    return operations, notes


def _backups(
    pipeline: Pipeline, blueprints: Sequence[ContainerBlueprint], done: Mapping[str, ServicePlan]
) -> tuple[str, ...]:
    """Volumes with `backup_before_upgrade` whose service gets another version."""
    sources = {
        mount.source
        for plan in blueprints
        if done[plan.desired.name].upgrades
        for mount in plan.desired.service.mounts
        if mount.kind == "volume"
    }
    return tuple(
        volume.engine_name
        for name, volume in sorted(pipeline.volumes.items())
        if name in sources and volume.backup_before_upgrade
    )
