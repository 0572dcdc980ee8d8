"""The plan behind a door: who gets requests at every step."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.deploy.model.desired import Overrides
from pipeline.spec.model import Ingress, Port, Volume
from tests.unit.deploy.world import World, text


def with_a_door(world: World, **changes: object) -> None:
    world.change(
        ports=(),
        ingress=Ingress(8000, 5000, "localhost/proxy:1"),
        **changes,  # type: ignore[arg-type]
    )


def test_a_door_must_be_opened_after_the_replicas_are_healthy(world: World) -> None:
    with_a_door(world)
    assert str(world.plan()) == text(
        "create network pytweets_default (not there)",
        "create volume pytweets_tweets (not there)",
        "create container pytweets-web-1 (replica 1: not there)",
        "start container pytweets-web-1 (replica 1: not there)",
        "wait for container pytweets-web-1 (it must be healthy)",
        "create container pytweets-web-2 (replica 2: not there)",
        "start container pytweets-web-2 (replica 2: not there)",
        "wait for container pytweets-web-2 (it must be healthy)",
        "create door pytweets-web-door (not there)",
        "write door pytweets-web-door (not there)",
        "confirm door pytweets-web-door (not there)",
        "start door pytweets-web-door (not there)",
        "wait for door pytweets-web-door (it must let requests through)",
        "record deploy 1 (healthy as a whole)",
    )


def verbs(world: World, wish: Overrides) -> list[str]:
    return [f"{o.verb} {o.name.removeprefix('pytweets-web-')}" for o in world.plan(wish).operations]


def test_behind_a_door_the_new_replica_must_serve_before_the_old_one_ends(world: World) -> None:
    with_a_door(world)
    world.deploy(Overrides({"web": "1.0"}, {}))
    assert verbs(world, Overrides({"web": "1.1"}, {})) == [
        "create 1.next", "start 1.next", "wait for 1.next",
        "write door", "reload door", "drain door", "confirm door",
        "stop 1",
        "create 2.next", "start 2.next", "wait for 2.next",
        "write door", "reload door", "drain door", "confirm door",
        "stop 2",
        "record 2", "remove 1", "rename 1.next", "remove 2", "rename 2.next",
    ]  # fmt: skip


def test_behind_a_door_two_generations_must_not_write_to_what_is_exclusive(world: World) -> None:
    with_a_door(world, replicas=1)
    volumes = {"tweets": Volume("tweets", "pytweets_tweets", exclusive=True)}
    world.pipeline = replace(world.pipeline, volumes=volumes)
    world.deploy(Overrides({"web": "1.0"}, {}))
    planned = verbs(world, Overrides({"web": "1.1"}, {}))
    assert planned.index("stop 1") < planned.index("start 1.next")


@pytest.mark.parametrize("kill_after", range(21))
def test_behind_a_door_a_kill_after_any_step_must_not_change_the_end(
    world: World, kill_after: int
) -> None:
    with_a_door(world)
    wish = Overrides({"web": "1.1"}, {})
    world.deploy(Overrides({"web": "1.0"}, {}))
    world.play(world.plan(wish).operations[:kill_after])
    world.deploy(wish)
    now = sorted((c.name, c.state, c.version) for c in world.observed.containers)
    assert now == [
        ("pytweets-web-1", "running", "1.1"),
        ("pytweets-web-2", "running", "1.1"),
        ("pytweets-web-door", "running", ""),
    ]
    assert str(world.plan(wish)) == ""


def test_a_door_and_ports_must_take_a_replica_out_before_it_is_replaced(world: World) -> None:
    with_a_door(world)
    world.change(ports=(Port(5000, 8080),))
    world.deploy(Overrides({"web": "1.0"}, {}))
    assert verbs(world, Overrides({"web": "1.1"}, {}))[:9] == [
        "create 1.next", "write door", "reload door", "drain door", "confirm door", "stop 1",
        "start 1.next", "wait for 1.next", "write door",
    ]  # fmt: skip


def test_scaling_behind_a_door_must_close_it_before_a_replica_ends(world: World) -> None:
    with_a_door(world)
    world.deploy()
    assert verbs(world, Overrides({}, {"web": 1})) == [
        "wait for 1", "write door", "reload door", "drain door", "confirm door", "record 2",
        "remove 2",
    ]  # fmt: skip


def test_an_ingress_that_left_the_spec_must_take_its_door_away(world: World) -> None:
    with_a_door(world)
    world.deploy()
    world.change(ingress=None)
    assert "remove container pytweets-web-door (no ingress any more)" in str(world.plan())


def test_a_door_that_cannot_be_reached_must_be_told_nothing_and_be_replaced(world: World) -> None:
    with_a_door(world)
    world.deploy()
    world.set("pytweets-web-door", fault="nothing forwards port 8000 to it")
    assert verbs(world, Overrides({}, {"web": 1})) == [
        "wait for 1",
        "create door.next", "write door.next", "confirm door.next", "stop door",
        "start door.next", "wait for door.next",
        "record 2", "remove 2", "remove door", "rename door.next",
    ]  # fmt: skip


def test_a_door_that_stands_still_must_be_told_before_it_starts(world: World) -> None:
    with_a_door(world)
    world.deploy()
    world.set("pytweets-web-door", state="exited")
    assert verbs(world, Overrides({}, {"web": 1})) == [
        "wait for 1",
        "write door", "confirm door", "start door", "wait for door",
        "record 2", "remove 2",
    ]  # fmt: skip


def test_the_cause_of_a_new_door_must_be_what_is_wrong_with_any_old_one(world: World) -> None:
    with_a_door(world)
    world.deploy()
    fault = "nothing forwards port 8000 to it"
    world.set("pytweets-web-door", fault=fault)
    door = world.container("pytweets-web-door")
    older = replace(door, id="x", name="pytweets-web-door.a", fault="", labels={**door.labels})
    older.labels["io.github.capas.config"] = "other"  # type: ignore[index]
    others = tuple(c for c in world.observed.containers if c is not door)
    world.observed = replace(world.observed, containers=(*others, older, door))
    create = next(o for o in world.plan().operations if o.verb == "create")
    assert create.cause == fault
