"""Back to what served before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from pipeline.deploy.model.desired import Overrides, desired_services
from pipeline.deploy.model.operation import Plan
from pipeline.deploy.observe.snapshot import ImageFacts, Observed
from pipeline.deploy.plan.restore import BeforeDeploy, plan_restore, what_became
from pipeline.spec.model import Dependency, Ingress, Service
from tests.unit.deploy.world import World

OLD, NEW = Overrides({"web": "1.0"}, {}), Overrides({"web": "1.1"}, {})


def go_back(world: World, before: Observed, wish: Overrides = NEW) -> list[str]:
    """Go back; what is said of it. The engine must come to the same end after it."""
    wanted = desired_services(world.pipeline, wish)
    failed = world.observed
    found = BeforeDeploy(
        world.pipeline, before, started=frozenset(c.name for c in failed.containers)
    )
    world.play(plan_restore(found, wanted, failed).operations)
    assert not plan_restore(found, wanted, world.observed).changes
    return what_became(found, wanted, failed, world.observed)


def behind_an_ingress(world: World) -> None:
    world.change(ports=(), ingress=Ingress(8000, 5000, "localhost/proxy:1"))


@pytest.mark.parametrize("change", [lambda _world: None, behind_an_ingress])
@pytest.mark.parametrize("failed_at", range(1, 17))
def test_from_any_step_before_the_end_the_very_old_containers_serve_again(
    world: World, failed_at: int, change: Callable[[World], None]
) -> None:
    change(world)
    world.deploy(OLD)
    before = world.observed
    was = {(c.id, c.name, c.config) for c in before.containers}
    plan = world.plan(NEW)
    world.play(plan.head.operations[:failed_at])
    said = go_back(world, before)
    assert {(c.id, c.name, c.config) for c in world.observed.containers} == was
    assert all(c.running for c in world.observed.containers)
    assert str(world.plan(OLD)) == ""
    assert said == ["back as a whole to what ran before: web 1.0"]


def test_behind_an_ingress_the_old_one_serves_before_the_new_one_ends(world: World) -> None:
    behind_an_ingress(world)
    world.change(replicas=1)
    world.deploy(OLD)
    before = world.observed
    world.play(world.plan(NEW).head.operations)
    wanted = desired_services(world.pipeline, NEW)
    back = plan_restore(BeforeDeploy(world.pipeline, before), wanted, world.observed)
    assert [f"{o.verb} {o.name.removeprefix('pytweets-web-')}" for o in back.operations] == [
        "start 1", "wait for 1", "write ingress", "reload ingress", "drain ingress",
        "confirm ingress", "remove 1.next",
    ]  # fmt: skip


def test_of_two_that_must_not_write_together_the_new_one_ends_first(world: World) -> None:
    behind_an_ingress(world)
    volume = replace(world.pipeline.volumes["tweets"], exclusive=True)
    world.pipeline = replace(world.pipeline, volumes={"tweets": volume})
    world.change(replicas=1)
    world.deploy(OLD)
    before = world.observed
    world.play(world.plan(NEW).head.operations)
    wanted = desired_services(world.pipeline, NEW)
    back = plan_restore(BeforeDeploy(world.pipeline, before), wanted, world.observed)
    keys = [o.key for o in back.operations]
    gone, start = "remove container pytweets-web-1.next", "start container pytweets-web-1"
    assert keys.index(gone) < keys.index(start)
    assert gone in back.operations[keys.index(start)].after


def test_another_ingress_goes_back_to_the_one_that_was_there(world: World) -> None:
    behind_an_ingress(world)
    world.deploy(OLD)
    before = world.observed
    images = {**before.images, "localhost/proxy:1": ImageFacts("sha-proxy-2")}
    world.observed = replace(before, images=images)
    plan = world.plan(NEW)
    verbs = [f"{o.verb} {o.name.removeprefix('pytweets-web-')}" for o in plan.operations]
    assert verbs[verbs.index("create ingress.next") :][:6] == [
        "create ingress.next", "write ingress.next", "confirm ingress.next", "stop ingress",
        "start ingress.next", "wait for ingress.next",
    ]  # fmt: skip
    world.play(plan.head.operations)
    go_back(world, before)
    assert {c.id for c in world.observed.containers} == {c.id for c in before.containers}
    assert all(c.running for c in world.observed.containers)


def test_a_first_deploy_that_failed_is_stopped_and_left_to_be_looked_at(
    world: World,
) -> None:
    before = world.observed
    world.play(world.plan(NEW).operations[:3])
    said = go_back(world, before)
    assert world.container("pytweets-web-1").state == "exited"
    assert said == ["web did not run before: it is stopped"]


def test_new_replicas_of_a_failed_scale_do_not_take_the_others_along(world: World) -> None:
    world.deploy(NEW)
    before = world.observed
    world.play(world.plan(Overrides({"web": "1.1"}, {"web": 3})).operations[:3])
    go_back(world, before)
    assert world.observed.containers == before.containers


def test_all_services_go_back_and_a_job_that_ran_is_reported(world: World) -> None:
    web = replace(
        world.pipeline.services["web"],
        depends_on=(Dependency("migrate", "service_completed_successfully"),),
    )
    services = {
        "migrate": Service("migrate", "pytweets", built_here=True),
        "web": web,
        "worker": replace(web, name="worker", ports=(), mounts=(), replicas=1),
    }
    world.pipeline = replace(world.pipeline, services=services)
    old, new = (Overrides(dict.fromkeys(services, v), {}) for v in ("1.0", "1.1"))
    world.deploy(old)
    world.set("pytweets-migrate-1", state="exited")
    before = world.observed
    world.play(world.plan(new).head.operations)
    assert go_back(world, before, new) == [
        "back as a whole to what ran before: web 1.0, worker 1.0",
        "the job migrate 1.1 has run, and that cannot be undone",
    ]
    assert world.observed.containers == before.containers


def test_what_an_interrupted_update_stopped_serves_again(world: World) -> None:
    world.change(replicas=1)
    world.deploy(OLD)
    world.play(world.plan(NEW).operations[:3])  # created, the old one stopped, started
    before = world.observed
    wanted = desired_services(world.pipeline, NEW)
    sick = BeforeDeploy(world.pipeline, before, failed=frozenset({"pytweets-web-1.next"}))
    world.play(plan_restore(sick, wanted, before).operations)
    now = [(c.name, c.state, c.version) for c in world.observed.containers]
    assert now == [("pytweets-web-1", "running", "1.0")]


def test_an_older_container_that_was_only_started_lies_stopped_again(world: World) -> None:
    world.change(replicas=1)
    world.deploy(OLD)
    plan = world.plan(NEW)
    recorded = next(n for n, o in enumerate(plan.operations) if o.verb == "record")
    world.play(plan.operations[: recorded + 1])  # killed before the old one was removed
    before = world.observed
    world.play(world.plan(OLD).head.operations)
    assert world.container("pytweets-web-1").running
    go_back(world, before, OLD)
    assert world.observed.containers == before.containers


def test_each_of_several_that_were_only_started_is_stopped_once(world: World) -> None:
    world.deploy(OLD)
    plan = world.plan(NEW)
    recorded = next(n for n, o in enumerate(plan.operations) if o.verb == "record")
    world.play(plan.operations[: recorded + 1])
    before = world.observed
    world.play(world.plan(OLD).head.operations)
    back = plan_restore(
        BeforeDeploy(world.pipeline, before), desired_services(world.pipeline, OLD), world.observed
    )
    stops = [o.name for o in back.operations if o.verb == "stop"]
    assert sorted(stops) == ["pytweets-web-1", "pytweets-web-2"]


def test_a_replica_that_was_on_its_way_out_does_not_come_back(world: World) -> None:
    world.deploy(OLD)
    plan = world.plan(Overrides({"web": "1.1"}, {"web": 1}))
    recorded = next(n for n, o in enumerate(plan.operations) if o.verb == "record")
    world.play(plan.operations[: recorded + 1])  # killed before replica 2 of 1.0 was removed
    before = world.observed
    wish = Overrides({"web": "1.2"}, {"web": 3})
    world.play(world.plan(wish).head.operations[:4])
    go_back(world, before, wish)
    assert {c.version for c in world.observed.containers if c.running} == {"1.1"}


def test_the_way_back_begins_where_nothing_serves(world: World) -> None:
    world.deploy(OLD)
    before = world.observed
    world.play(world.plan(NEW).head.operations)
    wanted = desired_services(world.pipeline, NEW)
    for number in (1, 2):
        sick = frozenset({f"pytweets-web-{number}.next"})
        plan = plan_restore(
            BeforeDeploy(world.pipeline, before, failed=sick), wanted, world.observed
        )
        starts = [o.name for o in plan.operations if o.verb == "start"]
        assert plan.headline == "going back to what ran before"
        assert starts == [f"pytweets-web-{number}", f"pytweets-web-{3 - number}"]


def test_an_ingress_of_a_first_deploy_that_failed_is_stopped_once(world: World) -> None:
    behind_an_ingress(world)
    before = BeforeDeploy(world.pipeline, world.observed)
    wanted = desired_services(world.pipeline, NEW)
    world.play(world.plan(NEW).head.operations)
    world.play(plan_restore(before, wanted, world.observed).operations)
    assert {c.name: c.state for c in world.observed.containers} == {
        "pytweets-web-1": "exited",
        "pytweets-web-2": "exited",
        "pytweets-web-ingress": "exited",
    }
    world.set("pytweets-web-1", exit_code=137)
    world.set("pytweets-web-2", state="running")
    again = plan_restore(before, wanted, world.observed, again=True)
    assert [f"{o.verb} {o.name}" for o in again.operations] == ["stop pytweets-web-2"]


def test_what_stood_still_before_stands_still_again(world: World) -> None:
    world.deploy(OLD)
    world.set("pytweets-web-2", state="exited", exit_code=3)
    before = world.observed
    world.play(world.plan(NEW).head.operations)
    assert go_back(world, before) == ["back as a whole to what ran before: web 1.0"]
    assert world.observed.containers == before.containers


def test_what_crashed_in_a_first_deploy_does_not_start_again_by_itself(world: World) -> None:
    before = BeforeDeploy(world.pipeline, world.observed)
    world.play(world.plan(NEW).operations[:3])
    for state, code, stops in (("exited", 3, 1), ("exited", 0, 0), ("created", 3, 0)):
        world.set("pytweets-web-1", state=state, exit_code=code)
        plan = plan_restore(before, desired_services(world.pipeline, NEW), world.observed)
        assert len(plan.operations) == stops


def test_where_nothing_was_done_nothing_is_said(world: World) -> None:
    world.deploy(OLD)
    wanted = desired_services(world.pipeline, NEW)
    assert (
        plan_restore(BeforeDeploy(world.pipeline, world.observed), wanted, world.observed) == Plan()
    )


def test_a_job_of_which_an_interrupted_deploy_left_two_does_not_run_again(world: World) -> None:
    job = Service("migrate", "pytweets", built_here=True)
    web = world.pipeline.services["web"]
    after = Dependency("migrate", "service_completed_successfully")
    services = {"migrate": job, "web": replace(web, replicas=1, depends_on=(after,))}
    world.pipeline = replace(world.pipeline, services=services)
    wishes = [Overrides(dict.fromkeys(services, v), {}) for v in ("1.0", "1.1", "1.2")]
    world.deploy(wishes[0])
    world.set("pytweets-migrate-1", state="exited")
    world.play(world.plan(wishes[1]).operations[:1])  # made, and killed
    assert world.container("pytweets-migrate-1.next").state == "created"
    before = world.observed
    wanted = desired_services(world.pipeline, wishes[2])
    plan = plan_restore(BeforeDeploy(world.pipeline, before), wanted, before)
    assert [o.key for o in plan.operations] == ["remove container pytweets-migrate-1.next"]
