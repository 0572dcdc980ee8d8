"""What an operation waits for: enough, and nothing that has no end."""

from __future__ import annotations

from dataclasses import replace

from pipeline.deploy.model.desired import Overrides
from pipeline.deploy.plan.deploy_plan import Options
from pipeline.deploy.plan.removal import plan_down
from pipeline.spec.model import Dependency, Healthcheck, Ingress, Service
from tests.unit.deploy.world import World


def with_a_cache(world: World) -> None:
    check = Healthcheck(tcp=6379)
    cache = Service("cache", "localhost/redis:7", built_here=False, healthcheck=check)
    needs = (Dependency("cache", "service_healthy"),)
    web = replace(world.pipeline.services["web"], replicas=1, depends_on=needs)
    world.pipeline = replace(world.pipeline, services={"web": web, "cache": cache})


def test_a_dependency_that_runs_is_watched_at_once(world: World) -> None:
    with_a_cache(world)
    world.deploy()
    watch, *_others = world.plan(Overrides({}, {"web": 2})).operations
    assert watch.key == "wait for container pytweets-cache-1"
    assert watch.after == ()
    assert watch.check == Healthcheck(tcp=6379)


def test_an_ingress_stands_up_when_the_replicas_are_healthy(world: World) -> None:
    world.change(ports=(), ingress=Ingress(8000, 5000, "localhost/proxy:1"))
    create = next(
        o for o in world.plan().operations if o.key == "create ingress pytweets-web-ingress"
    )
    assert create.after == tuple(f"wait for container pytweets-web-{n}" for n in (1, 2))


def test_of_two_that_are_right_the_one_with_the_name_keeps_the_place(world: World) -> None:
    world.change(replicas=1)
    world.deploy()
    first = world.container("pytweets-web-1")
    twin = replace(first, id="twin", name="pytweets-web-1.next", state="exited")
    world.observed = replace(world.observed, containers=(twin, first))
    for states in (("running", "running"), ("exited", "exited")):
        world.set("pytweets-web-1", state=states[0])
        world.set("pytweets-web-1.next", state=states[1])
        gone = [o.name for o in world.plan().operations if o.verb == "remove"]
        assert gone == ["pytweets-web-1.next"]
    world.set("pytweets-web-1.next", state="running")
    gone = [o.name for o in world.plan().operations if o.verb == "remove"]
    assert gone == ["pytweets-web-1"], "one that runs is better than one that does not"


def test_without_a_check_the_wait_asks_that_a_replica_keeps_running(world: World) -> None:
    world.change(healthcheck=None, replicas=1)
    wait = next(o for o in world.plan().operations if o.verb == "wait for")
    assert str(wait) == "wait for container pytweets-web-1 (it must keep running)"
    assert wait.after == ("start container pytweets-web-1",)


def test_an_exit_code_is_told_only_of_what_has_ended(world: World) -> None:
    world.deploy()
    world.set("pytweets-web-1", state="paused", exit_code=3)
    assert str(world.plan()) == "unpause container pytweets-web-1 (it is paused)"
    world.set("pytweets-web-1", state="stopped", exit_code=3)
    assert str(world.plan()).startswith("start container pytweets-web-1 (it is stopped with 3)\n")


def test_a_job_that_still_runs_is_waited_for_at_once(world: World) -> None:
    needs = (Dependency("migrate", "service_completed_successfully"),)
    web = replace(world.pipeline.services["web"], replicas=1, depends_on=needs)
    migrate = Service("migrate", "localhost/redis:7", built_here=False)
    world.pipeline = replace(world.pipeline, services={"web": web, "migrate": migrate})
    first = world.deploy()
    ended = next(o for o in first.operations if o.verb == "wait for the end of")
    assert ended.after == ("start container pytweets-migrate-1",)
    assert world.container("pytweets-migrate-1").running
    wait = world.plan().operations[0]
    assert wait.key == "wait for the end of container pytweets-migrate-1"
    assert wait.after == ()
    world.set("pytweets-migrate-1", state="exited", exit_code=1)
    for waits in (True, False):
        verbs = [o.verb for o in world.plan(options=Options(wait=waits)).operations]
        assert ("wait for the end of" in verbs) is waits


def test_down_closes_the_ingress_first(world: World) -> None:
    world.change(ports=(), ingress=Ingress(8000, 5000, "localhost/proxy:1"))
    world.deploy()
    gone = [o.name for o in plan_down(world.pipeline, world.observed).operations]
    assert gone[:3] == ["pytweets-web-ingress", "pytweets-web-1", "pytweets-web-2"]
