"""After a reboot or a stop: first what ran before, in its versions (pure).

What a deploy goes back to must serve before it is replaced; so an upgrade of a pipeline that stands
still begins with the containers that ran, and is an ordinary update from there.
"""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.deploy.model.desired import depended_on
from pipeline.deploy.model.operation import Plan
from pipeline.deploy.observe.snapshot import RUNNING, Container, Observed
from pipeline.deploy.plan.container_body import ContainerBlueprint
from pipeline.deploy.plan.history import is_proved, last_number, records_of, standing
from pipeline.deploy.plan.lifecycle import plan_change
from pipeline.deploy.plan.slots import SERVING, lost_port
from pipeline.lean_dataclasses import replace
from pipeline.spec.model import Pipeline


def plan_bring_up(
    pipeline: Pipeline, blueprints: Sequence[ContainerBlueprint], observed: Observed
) -> Plan:
    """Start what ran before, where otherwise something that stands still would be replaced."""
    jobs = depended_on([b.desired.service for b in blueprints], "service_completed_successfully")
    found = {
        b.desired.name: _still(pipeline, b, observed)
        for b in blueprints
        if b.desired.name not in jobs
    }
    replaced = any(c.config != b.config for b in blueprints for c in found.get(b.desired.name, ()))
    if not replaced:
        return Plan()
    still = [c for each in found.values() for c in each]
    ingresses = [observed.ingress(name) for name, each in found.items() if each]
    shut = [ingress for ingress in ingresses if ingress is not None and not ingress.running]
    plan = plan_change(pipeline, "start", [*still, *shut])
    names = dict.fromkeys(f"{c.service} {c.version}".rstrip() for c in still)
    return replace(plan, headline=f"starting what ran before: {', '.join(names)}")


def as_if_up(observed: Observed, plan: Plan) -> Observed:
    """What a preview goes on from."""
    started = {o.name for o in plan.operations if o.verb == "start"}
    containers = tuple(
        replace(c, state=RUNNING) if c.name in started else c for c in observed.containers
    )
    return replace(observed, containers=containers)


def _still(
    pipeline: Pipeline, blueprint: ContainerBlueprint, observed: Observed
) -> list[Container]:
    """The replicas of a service of which nothing runs, as the last healthy deploy left them."""
    desired = blueprint.desired
    if not desired.service.replicas:
        return []
    if any(c.state in SERVING for c in observed.of(desired.name)):
        return []
    last = last_number(records_of(pipeline.name, observed.secrets))
    stands = standing(pipeline.name, observed, desired.name)
    return [
        c
        for _number, c in sorted(stands.items())
        if is_proved(c, last) and not lost_port(c, observed.held)
    ]
