"""Between deploys."""

from __future__ import annotations

from dataclasses import replace

from pipeline.deploy.model.operation import Plan
from pipeline.deploy.plan.lifecycle import lost_to, plan_change
from pipeline.spec.model import Dependency, Service
from tests.unit.deploy.world import World


def test_only_what_is_in_a_state_for_it_is_changed(world: World) -> None:
    world.deploy()
    world.set("pytweets-web-2", state="exited")
    assert str(plan_change(world.pipeline, "stop", world.observed.containers)) == (
        "stop container pytweets-web-1 (it is running)\nnote: pytweets-web-2 is exited: not changed"
    )
    assert str(plan_change(world.pipeline, "start", world.observed.containers)) == (
        "start container pytweets-web-2 (it is exited)\n"
        "wait for container pytweets-web-2 (it must be healthy)\n"
        "note: pytweets-web-1 is running: not changed"
    )


def test_what_is_depended_on_starts_first(world: World) -> None:
    services = {
        "web": replace(
            world.pipeline.services["web"], replicas=1, depends_on=(Dependency("cache"),)
        ),
        "cache": Service("cache", "localhost/redis:7", built_here=False),
    }
    world.pipeline = replace(world.pipeline, services=services)
    world.deploy()
    plan = plan_change(world.pipeline, "restart", world.observed.containers)
    web = next(o for o in plan.operations if o.key == "restart container pytweets-web-1")
    assert web.after == (
        "restart container pytweets-cache-1",
        "wait for container pytweets-cache-1",
    )


def test_a_job_is_held_to_its_end_and_one_that_is_done_is_left_alone(world: World) -> None:
    job = Dependency("job", condition="service_completed_successfully")
    services = {
        "web": replace(world.pipeline.services["web"], replicas=1, depends_on=(job,)),
        "job": Service("job", "localhost/redis:7", built_here=False),
    }
    world.pipeline = replace(world.pipeline, services=services)
    world.deploy()
    world.set("pytweets-web-1", state="exited")
    world.set("pytweets-job-1", state="exited", exit_code=3)
    plan = plan_change(world.pipeline, "start", world.observed.containers)
    assert [o.key for o in plan.operations[:2]] == [
        "start container pytweets-job-1",
        "wait for the end of container pytweets-job-1",
    ]
    assert "wait for the end of container pytweets-job-1" in plan.operations[2].after
    world.set("pytweets-job-1", exit_code=0)
    for change in ("start", "restart"):
        plan = plan_change(world.pipeline, change, world.observed.containers)
        assert {o.name for o in plan.operations} == {"pytweets-web-1"}
        assert plan.notes == ("pytweets-job-1 is a job that is done: not changed",)


def test_what_left_the_spec_starts_and_is_held_to_keep_running(world: World) -> None:
    world.deploy()
    world.set("pytweets-web-1", state="exited")
    world.pipeline = replace(world.pipeline, services={})
    first = world.observed.containers[:1]
    assert str(plan_change(world.pipeline, "start", first)) == (
        "start container pytweets-web-1 (it is exited)\n"
        "wait for container pytweets-web-1 (it must keep running)"
    )


def test_what_is_left_as_it_is_says_what_is_wrong_with_it(world: World) -> None:
    world.deploy()
    world.set("pytweets-web-1", state="stopping", fault="its process has ended")
    assert plan_change(world.pipeline, "pause", world.observed.containers[:1]).notes == (
        "pytweets-web-1 is stopping (its process has ended): not changed",
    )


def test_what_runs_and_cannot_be_reached_is_started_again(world: World) -> None:
    world.deploy()
    world.set("pytweets-web-1", fault="nothing forwards port 8080 to it")
    first = world.observed.containers[:1]
    (restart, wait) = plan_change(world.pipeline, "start", first).operations
    assert str(restart) == ("restart container pytweets-web-1 (nothing forwards port 8080 to it)")
    assert (restart.grace, restart.patience) == (None, 0)
    assert wait.check is not None
    (stop,) = plan_change(world.pipeline, "stop", first).operations
    assert str(stop) == "stop container pytweets-web-1 (it is running)"


def test_what_has_lost_its_monitor_is_only_stopped_or_paused(world: World) -> None:
    world.deploy()
    world.set("pytweets-web-1", fault="its monitor has ended", lost=True)
    first = world.observed.containers[:1]
    assert plan_change(world.pipeline, "restart", first) == Plan()
    assert [o.verb for o in plan_change(world.pipeline, "pause", first).operations] == ["pause"]
    assert lost_to("stop", first) is None
    assert lost_to("start", world.observed.containers[1:]) is None
    error = lost_to("start", world.observed.containers)
    assert error is not None
    assert error.brief == "Podman cannot start pytweets-web-1"
    assert error.details == "pytweets-web-1: its monitor has ended"
