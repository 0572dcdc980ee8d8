"""The text of a plan is what a user reads; here it is compared letter by letter."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.deploy.model.desired import Overrides
from pipeline.deploy.model.ports import Held
from pipeline.spec.model import Healthcheck
from tests.unit.deploy.world import World, text


def test_where_nothing_is_there_everything_is_created(world: World) -> None:
    assert str(world.plan()) == text(
        "create volume pytweets_tweets (missing)",
        "create container pytweets-web-1 (replica 1: missing)",
        "start container pytweets-web-1 (replica 1: missing)",
        "wait for container pytweets-web-1 (it must be healthy)",
        "create container pytweets-web-2 (replica 2: missing)",
        "start container pytweets-web-2 (replica 2: missing)",
        "wait for container pytweets-web-2 (it must be healthy)",
        "record deploy 1 (healthy as a whole)",
    )


def test_every_operation_comes_after_what_it_depends_on(world: World) -> None:
    world.deploy(Overrides({"web": "1.0"}, {}))
    done: set[str] = set()
    for operation in world.plan(Overrides({"web": "1.1"}, {"web": 5})).operations:
        assert set(operation.after) <= done
        assert operation.key not in done
        done.add(operation.key)


def test_a_second_deploy_does_nothing(world: World) -> None:
    world.deploy()
    assert str(world.plan()) == ""


def test_scaling_up_touches_nobody_else(world: World) -> None:
    world.deploy()
    assert str(world.plan(Overrides({}, {"web": 3}))) == text(
        "create container pytweets-web-3 (replica 3: missing)",
        "start container pytweets-web-3 (replica 3: missing)",
        "wait for container pytweets-web-3 (it must be healthy)",
        "record deploy 2 (healthy as a whole)",
    )


def test_scaling_down_removes_the_last(world: World) -> None:
    world.deploy()
    assert str(world.plan(Overrides({}, {"web": 1}))) == text(
        "wait for container pytweets-web-1 (it must be healthy)",
        "record deploy 2 (healthy as a whole)",
        "remove container pytweets-web-2 (scaled to 1)",
    )


def test_what_makes_no_difference_to_a_container_does_not_replace_it(world: World) -> None:
    world.deploy()
    world.change(healthcheck=Healthcheck(tcp=5000, interval=9.0), stop_grace_period=3.0)
    assert str(world.plan()) == ""


def test_an_update_with_ports_stops_the_old_first_and_keeps_it_until_all_are_healthy(
    world: World,
) -> None:
    world.deploy(Overrides({"web": "1.0"}, {}))
    cause = "(replica {}: pytweets 1.0 → 1.1)"
    one, two = cause.format(1), cause.format(2)
    assert str(world.plan(Overrides({"web": "1.1"}, {}))) == text(
        f"create container pytweets-web-1.next {one}",
        f"stop container pytweets-web-1 {one}",
        f"start container pytweets-web-1.next {one}",
        "wait for container pytweets-web-1.next (it must be healthy)",
        f"create container pytweets-web-2.next {two}",
        f"stop container pytweets-web-2 {two}",
        f"start container pytweets-web-2.next {two}",
        "wait for container pytweets-web-2.next (it must be healthy)",
        "record deploy 2 (healthy as a whole)",
        "remove container pytweets-web-1 (replaced by pytweets-web-1.next)",
        "rename container pytweets-web-1.next (it is replica 1)",
        "remove container pytweets-web-2 (replaced by pytweets-web-2.next)",
        "rename container pytweets-web-2.next (it is replica 2)",
    )


def test_old_replicas_go_only_after_every_new_one_is_healthy(world: World) -> None:
    world.deploy(Overrides({"web": "1.0"}, {}))
    plan = world.plan(Overrides({"web": "1.1"}, {}))
    healthy = {o.key for o in plan.operations if o.verb == "wait for"}
    recorded = next(o for o in plan.operations if o.verb == "record")
    assert healthy <= set(recorded.after)
    for operation in plan.operations:
        if operation.verb == "remove":
            assert recorded.key in operation.after
            assert operation in plan.ending.operations


def test_what_an_unfinished_deploy_left_is_replaced_before_what_is_good(
    world: World,
) -> None:
    world.deploy(Overrides({"web": "1.0"}, {"web": 1}))
    world.play(world.plan(Overrides({"web": "1.1"}, {"web": 2})).operations[:2])
    assert world.container("pytweets-web-2").running
    plan = world.plan(Overrides({"web": "1.2"}, {"web": 2}))
    stop = next(o for o in plan.operations if o.key == "stop container pytweets-web-1")
    assert "wait for container pytweets-web-2.next" in stop.after


def test_the_second_replica_waits_for_the_first(world: World) -> None:
    world.deploy(Overrides({"web": "1.0"}, {}))
    plan = world.plan(Overrides({"web": "1.1"}, {}))
    stop = next(o for o in plan.operations if o.key == "stop container pytweets-web-2")
    assert "wait for container pytweets-web-1.next" in stop.after


def test_after_an_update_there_is_nothing_to_do_and_the_names_are_the_same(
    world: World,
) -> None:
    world.deploy(Overrides({"web": "1.0"}, {}))
    world.deploy(Overrides({"web": "1.1"}, {}))
    assert [c.name for c in world.observed.containers] == ["pytweets-web-1", "pytweets-web-2"]
    assert str(world.plan(Overrides({"web": "1.1"}, {}))) == ""


def test_an_update_remembers_the_version_before_it(world: World) -> None:
    world.deploy(Overrides({"web": "1.0"}, {}))
    world.deploy(Overrides({"web": "1.1"}, {}))
    label = "io.github.capas.previous-version"
    assert world.container("pytweets-web-1").labels[label] == "1.0"
    world.change(environment={"A": "1"})
    world.deploy(Overrides({"web": "1.1"}, {}))
    assert world.container("pytweets-web-1").labels[label] == "1.0"


def test_an_update_keeps_each_replicas_port(world: World) -> None:
    world.deploy(Overrides({"web": "1.0"}, {}))
    world.set(
        "pytweets-web-1",
        bindings=(replace(world.container("pytweets-web-1").bindings[0], host=8085),),
    )
    world.deploy(Overrides({"web": "1.1"}, {}))
    assert world.container("pytweets-web-1").bindings[0].host == 8085


@pytest.mark.parametrize("kill_after", range(13))
def test_killed_after_any_step_the_next_deploy_ends_in_the_same_state(
    world: World, kill_after: int
) -> None:
    world.deploy(Overrides({"web": "1.0"}, {}))
    wish = Overrides({"web": "1.1"}, {})
    plan = world.plan(wish)
    world.play(plan.operations[:kill_after])
    world.deploy(wish)
    now = sorted((c.name, c.state, c.version) for c in world.observed.containers)
    assert now == [("pytweets-web-1", "running", "1.1"), ("pytweets-web-2", "running", "1.1")]
    assert str(world.plan(wish)) == ""


@pytest.mark.parametrize("kill_after", range(13))
def test_killed_after_any_step_the_old_version_is_reachable_again(
    world: World, kill_after: int
) -> None:
    world.deploy(Overrides({"web": "1.0"}, {}))
    world.play(world.plan(Overrides({"web": "1.1"}, {})).operations[:kill_after])
    world.deploy(Overrides({"web": "1.2"}, {}))
    world.deploy(Overrides({"web": "1.0"}, {}))
    now = sorted((c.name, c.state, c.version) for c in world.observed.containers)
    assert now == [("pytweets-web-1", "running", "1.0"), ("pytweets-web-2", "running", "1.0")]


def test_a_stopped_replica_is_started_again(world: World) -> None:
    world.deploy()
    world.set("pytweets-web-2", state="exited", exit_code=3)
    assert str(world.plan()) == text(
        "start container pytweets-web-2 (it is exited with 3)",
        "wait for container pytweets-web-2 (it must be healthy)",
    )


def test_one_that_was_never_started_is_made_anew(world: World) -> None:
    """Its engine was killed meanwhile: it has nothing to lose, and perhaps no files."""
    world.deploy()
    world.set("pytweets-web-2", state="created")
    cause = "(replica 2: it was never started)"
    lines = str(world.plan()).splitlines()
    assert any(line.startswith("create container pytweets-web-2") for line in lines), lines
    assert any(cause in line for line in lines), lines
    assert not any(line.startswith("start container pytweets-web-2 (never") for line in lines)


@pytest.mark.parametrize("lost", [True, False])
def test_one_that_cannot_be_reached_is_replaced_with_that_cause(
    world: World, *, lost: bool
) -> None:
    world.deploy()
    fault = "its monitor (conmon) has ended" if lost else "nothing forwards port 8080 to it"
    world.set("pytweets-web-1", fault=fault, lost=lost)
    plan = str(world.plan())
    assert f"create container pytweets-web-1.next (replica 1: {fault})" in plan
    verb = "remove" if lost else "stop"
    assert f"{verb} container pytweets-web-1 (replica 1: {fault})" in plan


def test_a_paused_replica_goes_on(world: World) -> None:
    world.deploy()
    world.set("pytweets-web-1", state="paused")
    assert str(world.plan()) == "unpause container pytweets-web-1 (it is paused)"


def test_a_stopped_replica_whose_port_was_taken_moves_on(world: World) -> None:
    world.deploy()
    world.set("pytweets-web-1", state="exited")
    world.observed = replace(
        world.observed, held=Held({("tcp", "127.0.0.1", 8080): "another program or user"})
    )
    held = "(replica 1: port 8080 is already in use by another program or user)"
    assert str(world.plan()) == text(
        f"create container pytweets-web-1.next {held}",
        f"start container pytweets-web-1.next {held}",
        "wait for container pytweets-web-1.next (it must be healthy)",
        "wait for container pytweets-web-2 (it must be healthy)",
        "record deploy 2 (healthy as a whole)",
        "remove container pytweets-web-1 (replaced by pytweets-web-1.next)",
        "rename container pytweets-web-1.next (it is replica 1)",
        "note: web: port 8080 is already in use by another program or user: 8082 instead",
    )


def test_a_changed_setting_is_named(world: World) -> None:
    world.deploy()
    world.change(environment={"A": "1"}, labels={"team": "blue"})
    causes = {o.cause for o in world.plan().operations if o.verb == "create"}
    assert causes == {
        "replica 1: environment, labels changed",
        "replica 2: environment, labels changed",
    }


def test_an_image_built_anew_is_named(world: World) -> None:
    world.deploy()
    images = {
        name: replace(facts, id=facts.id + "-again")
        for name, facts in world.observed.images.items()
    }
    world.observed = replace(world.observed, images=images)
    create = next(o for o in world.plan().operations if o.verb == "create")
    assert create.cause == "replica 1: localhost/pytweets:1.2 was rebuilt"
