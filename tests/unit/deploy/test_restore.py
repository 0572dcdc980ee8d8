"""Back to what served before."""

from __future__ import annotations

import pytest

from pipeline.deploy.desired import Wish, desire
from pipeline.deploy.plan import blueprints_of
from pipeline.deploy.restore import plan_restore
from pipeline.spec.model import Ingress
from tests.unit.deploy.world import World

OLD, NEW = Wish({"web": "1.0"}, {}), Wish({"web": "1.1"}, {})


def go_back(world: World) -> None:
    wanted = desire(world.pipeline, NEW)
    blueprints = blueprints_of(world.pipeline, wanted, world.observed)
    world.play(plan_restore(world.pipeline, blueprints, world.observed).operations)


@pytest.mark.parametrize("door", [False, True])
@pytest.mark.parametrize("failed_at", range(1, 17))
def test_from_any_step_before_the_end_the_very_old_containers_must_serve_again(
    world: World, failed_at: int, door: bool
) -> None:
    if door:
        world.change(ports=(), ingress=Ingress(8000, 5000, "localhost/proxy:1"))
    world.deploy(OLD)
    before = {(c.name, c.config) for c in world.observed.containers}
    plan = world.plan(NEW)
    last = next(n for n, o in enumerate(plan.operations) if o.verb == "remove")
    world.play(plan.operations[: min(failed_at, last)])
    go_back(world)
    assert {(c.name, c.config) for c in world.observed.containers} == before
    assert all(c.running for c in world.observed.containers)
    assert str(world.plan(OLD)) == ""


def test_a_first_deploy_that_failed_must_be_left_to_be_looked_at(world: World) -> None:
    world.play(world.plan(NEW).operations[:3])
    before = world.observed
    go_back(world)
    assert world.observed == before


def test_new_replicas_of_a_failed_scale_must_not_take_the_others_along(world: World) -> None:
    world.deploy(NEW)
    world.play(world.plan(Wish({"web": "1.1"}, {"web": 3})).operations[:2])
    before = world.observed
    go_back(world)
    assert world.observed == before
