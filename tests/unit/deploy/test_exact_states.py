"""What a deploy makes of containers that are in doubt, or whose ports somebody has."""

from __future__ import annotations

from dataclasses import replace

from pipeline.deploy.model.desired import Overrides, desired_services
from pipeline.deploy.model.ports import Held
from pipeline.deploy.observe.snapshot import Container, ImageFacts
from pipeline.deploy.plan.bring_up import plan_bring_up
from pipeline.deploy.plan.deploy_plan import blueprints_of
from pipeline.deploy.plan.history import standing
from pipeline.deploy.plan.restore import BeforeDeploy, plan_restore
from pipeline.deploy.plan.select import current_overrides
from pipeline.engine import labels
from pipeline.spec.model import Ingress
from tests.unit.deploy.exact import NEW, OLD
from tests.unit.deploy.world import World


def test_of_two_that_are_right_the_healthy_one_keeps_the_place(world: World) -> None:
    world.change(replicas=1)
    world.deploy()
    first = world.container("pytweets-web-1")
    twin = replace(first, id="twin", labels={**first.labels, labels.DEPLOY: "2"})
    healthy = replace(first, name="pytweets-web-1.next")
    world.observed = replace(world.observed, containers=(twin, healthy))
    gone = [o.name for o in world.plan().operations if o.verb in ("stop", "remove")]
    assert set(gone) == {"pytweets-web-1"}


def test_what_lost_its_port_is_not_brought_up(world: World) -> None:
    world.deploy(OLD)
    for container in world.observed.containers:
        world.set(container.name, state="exited")
    held = Held({("tcp", "127.0.0.1", 8080): "another program"})
    world.observed = replace(world.observed, held=held)
    blueprints = blueprints_of(
        world.pipeline, desired_services(world.pipeline, NEW), world.observed
    )
    plan = plan_bring_up(world.pipeline, blueprints, world.observed)
    assert [o.name for o in plan.operations if o.verb == "start"] == ["pytweets-web-2"]


def test_a_second_try_to_go_back_waits_for_nothing_that_may_fail_again(world: World) -> None:
    world.change(ports=(), ingress=Ingress(8000, 5000, "localhost/proxy:1"))
    world.deploy(OLD)
    before = BeforeDeploy(world.pipeline, world.observed)
    images = {**world.observed.images, "localhost/proxy:1": ImageFacts("sha-proxy-2")}
    world.observed = replace(world.observed, images=images)
    world.play(world.plan(NEW).head.operations)
    wanted = desired_services(world.pipeline, NEW)
    for again in (False, True):
        plan = plan_restore(before, wanted, world.observed, again=again)
        removal = next(
            o for o in plan.operations if o.key.startswith("remove") and "ingress" in o.key
        )
        assert bool(removal.after) is not again
        opened = [o for o in plan.operations if o.name == "pytweets-web-ingress"]
        assert opened[0].after == (removal.key,)


def test_each_step_back_waits_for_the_one_before(world: World) -> None:
    world.deploy(OLD)
    before = BeforeDeploy(world.pipeline, world.observed)
    wish = Overrides({"web": "1.1"}, {"web": 3})
    world.play(world.plan(wish).head.operations)
    wanted = desired_services(world.pipeline, wish)
    plan = plan_restore(before, wanted, world.observed)
    steps = [(o.verb, o.name.removeprefix("pytweets-web-"), o.after) for o in plan.operations]
    waited = [f"wait for container pytweets-web-{number}" for number in (1, 2)]
    assert steps == [
        ("remove", "1.next", ()),
        ("start", "1", ("remove container pytweets-web-1.next",)),
        ("wait for", "1", ("start container pytweets-web-1",)),
        ("remove", "2.next", (waited[0],)),
        ("start", "2", ("remove container pytweets-web-2.next",)),
        ("wait for", "2", ("start container pytweets-web-2",)),
        ("remove", "3", (waited[1],)),
    ]


def test_what_stands_can_be_started_and_is_the_newest_of_two(world: World) -> None:
    world.deploy(OLD)
    first = world.container("pytweets-web-1")

    def stands(*containers: Container) -> list[str]:
        observed = replace(world.observed, containers=containers)
        return [c.id for c in standing("pytweets", observed, "web").values()]

    assert stands(first) == [first.id]
    assert stands(replace(first, lost=True)) == []
    world.change(replicas=1)
    world.deploy(OLD)
    second = replace(first, id="second", labels={**first.labels, labels.DEPLOY: "2"})
    assert stands(first, second) == stands(second, first) == ["second"]
    world.observed = replace(world.observed, secrets={})
    assert stands(first) == [first.id]
    assert stands(replace(first, state="exited")) == []


def test_the_wish_for_what_is_there_names_what_is_there_alone(world: World) -> None:
    assert current_overrides(world.pipeline, world.observed) == Overrides({}, {})
    world.change(replicas=1)
    world.deploy(OLD)
    assert current_overrides(world.pipeline, world.observed) == Overrides(
        {"web": "1.0"}, {"web": 1}
    )
