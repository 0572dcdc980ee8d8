"""After a reboot or a stop: what ran before comes first, where it would be replaced."""

from __future__ import annotations

from dataclasses import replace

from pipeline.deploy.model.desired import Overrides, desired_services
from pipeline.deploy.model.operation import Plan
from pipeline.deploy.plan.bring_up import as_if_up, plan_bring_up
from pipeline.deploy.plan.deploy_plan import blueprints_of
from pipeline.spec.model import Dependency, Ingress, Service
from tests.unit.deploy.world import World, text

OLD, NEW = Overrides({"web": "1.0"}, {}), Overrides({"web": "1.1"}, {})


def bring_up(world: World, wish: Overrides) -> Plan:
    blueprints = blueprints_of(
        world.pipeline, desired_services(world.pipeline, wish), world.observed
    )
    return plan_bring_up(world.pipeline, blueprints, world.observed)


def stand_still(world: World) -> None:
    for container in world.observed.containers:
        world.set(container.name, state="exited")


def test_an_upgrade_of_what_stands_still_begins_with_what_ran(world: World) -> None:
    world.deploy(OLD)
    stand_still(world)
    plan = bring_up(world, NEW)
    assert str(plan) == text(
        "starting what ran before: web 1.0",
        "start container pytweets-web-1 (it is exited)",
        "wait for container pytweets-web-1 (it must be healthy)",
        "start container pytweets-web-2 (it is exited)",
        "wait for container pytweets-web-2 (it must be healthy)",
    )
    assert all(c.running for c in as_if_up(world.observed, plan).containers)
    assert not as_if_up(world.observed, Plan()).containers[0].running


def test_where_nothing_would_be_replaced_an_ordinary_deploy_starts_it(world: World) -> None:
    world.deploy(OLD)
    stand_still(world)
    assert bring_up(world, OLD) == Plan()


def test_what_runs_in_part_is_not_brought_up(world: World) -> None:
    world.deploy(OLD)
    world.set("pytweets-web-2", state="exited")
    assert bring_up(world, NEW) == Plan()


def test_a_service_of_no_replicas_is_not_brought_up(world: World) -> None:
    world.deploy(OLD)
    stand_still(world)
    assert bring_up(world, Overrides({"web": "1.1"}, {"web": 0})) == Plan()


def test_what_was_never_healthy_as_a_whole_is_not_brought_up(world: World) -> None:
    world.play(world.plan(OLD).head.operations[:-1])
    stand_still(world)
    assert bring_up(world, NEW) == Plan()


def test_an_ingress_is_opened_again_and_a_job_is_not_run_again(world: World) -> None:
    world.change(
        ports=(),
        replicas=1,
        ingress=Ingress(8000, 5000, "localhost/proxy:1"),
        depends_on=(Dependency("migrate", "service_completed_successfully"),),
    )
    job = Service("migrate", "pytweets", built_here=True)
    services = {**world.pipeline.services, "migrate": job}
    world.pipeline = replace(world.pipeline, services=services)
    both = Overrides({"web": "1.0", "migrate": "1.0"}, {})
    world.deploy(both)
    stand_still(world)
    started = [o.name for o in bring_up(world, NEW).operations if o.verb == "start"]
    assert started == ["pytweets-web-1", "pytweets-web-ingress"]
    world.set("pytweets-web-ingress", state="running")
    started = [o.name for o in bring_up(world, NEW).operations if o.verb == "start"]
    assert started == ["pytweets-web-1"]
