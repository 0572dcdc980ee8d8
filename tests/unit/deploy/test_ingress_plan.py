"""The plan behind an ingress: who gets requests at every step."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.deploy.model.desired import Overrides
from pipeline.deploy.plan.removal import plan_down
from pipeline.deploy.plan.select import select_containers
from pipeline.engine import labels
from pipeline.spec.model import Ingress, Port, Volume
from tests.unit.deploy.world import World, text


def with_an_ingress(world: World, **changes: object) -> None:
    world.change(
        ports=(),
        ingress=Ingress(8000, 5000, "localhost/proxy:1"),
        **changes,  # type: ignore[arg-type]
    )


def test_an_ingress_is_opened_after_the_replicas_are_healthy(world: World) -> None:
    with_an_ingress(world)
    assert str(world.plan()) == text(
        "create network pytweets_default (missing)",
        "create volume pytweets_tweets (missing)",
        "create container pytweets-web-1 (replica 1: missing)",
        "start container pytweets-web-1 (replica 1: missing)",
        "wait for container pytweets-web-1 (it must be healthy)",
        "create container pytweets-web-2 (replica 2: missing)",
        "start container pytweets-web-2 (replica 2: missing)",
        "wait for container pytweets-web-2 (it must be healthy)",
        "create ingress pytweets-web-ingress (missing)",
        "write ingress pytweets-web-ingress (missing)",
        "confirm ingress pytweets-web-ingress (missing)",
        "start ingress pytweets-web-ingress (missing)",
        "wait for ingress pytweets-web-ingress (it must let requests through)",
        "record deploy 1 (healthy as a whole)",
    )


def verbs(world: World, wish: Overrides) -> list[str]:
    return [f"{o.verb} {o.name.removeprefix('pytweets-web-')}" for o in world.plan(wish).operations]


def test_behind_an_ingress_the_new_replica_serves_before_the_old_one_ends(world: World) -> None:
    with_an_ingress(world)
    world.deploy(Overrides({"web": "1.0"}, {}))
    assert verbs(world, Overrides({"web": "1.1"}, {})) == [
        "create 1.next", "start 1.next", "wait for 1.next",
        "write ingress", "reload ingress", "drain ingress", "confirm ingress",
        "stop 1",
        "create 2.next", "start 2.next", "wait for 2.next",
        "write ingress", "reload ingress", "drain ingress", "confirm ingress",
        "stop 2",
        "record 2", "remove 1", "rename 1.next", "remove 2", "rename 2.next",
    ]  # fmt: skip


def test_behind_an_ingress_two_generations_do_not_write_to_what_is_exclusive(
    world: World,
) -> None:
    with_an_ingress(world, replicas=1)
    volumes = {"tweets": Volume("tweets", "pytweets_tweets", exclusive=True)}
    world.pipeline = replace(world.pipeline, volumes=volumes)
    world.deploy(Overrides({"web": "1.0"}, {}))
    planned = verbs(world, Overrides({"web": "1.1"}, {}))
    assert planned.index("stop 1") < planned.index("start 1.next")


@pytest.mark.parametrize("kill_after", range(21))
def test_behind_an_ingress_a_kill_after_any_step_does_not_change_the_end(
    world: World, kill_after: int
) -> None:
    with_an_ingress(world)
    wish = Overrides({"web": "1.1"}, {})
    world.deploy(Overrides({"web": "1.0"}, {}))
    world.play(world.plan(wish).operations[:kill_after])
    world.deploy(wish)
    now = sorted((c.name, c.state, c.version) for c in world.observed.containers)
    assert now == [
        ("pytweets-web-1", "running", "1.1"),
        ("pytweets-web-2", "running", "1.1"),
        ("pytweets-web-ingress", "running", ""),
    ]
    assert str(world.plan(wish)) == ""


def test_an_ingress_and_ports_take_a_replica_out_before_it_is_replaced(world: World) -> None:
    with_an_ingress(world)
    world.change(ports=(Port(5000, 8080),))
    world.deploy(Overrides({"web": "1.0"}, {}))
    assert verbs(world, Overrides({"web": "1.1"}, {}))[:9] == [
        "create 1.next", "write ingress", "reload ingress", "drain ingress", "confirm ingress",
        "stop 1", "start 1.next", "wait for 1.next", "write ingress",
    ]  # fmt: skip


def test_scaling_behind_an_ingress_closes_it_before_a_replica_ends(world: World) -> None:
    with_an_ingress(world)
    world.deploy()
    assert verbs(world, Overrides({}, {"web": 1})) == [
        "wait for 1", "write ingress", "reload ingress", "drain ingress", "confirm ingress",
        "record 2", "remove 2",
    ]  # fmt: skip


def test_an_ingress_that_left_the_spec_is_removed(world: World) -> None:
    with_an_ingress(world)
    world.deploy()
    world.change(ingress=None)
    assert "remove container pytweets-web-ingress (no longer in the spec)" in str(world.plan())


def test_an_ingress_that_cannot_be_reached_is_told_nothing_and_is_replaced(
    world: World,
) -> None:
    with_an_ingress(world)
    world.deploy()
    world.set("pytweets-web-ingress", fault="nothing forwards port 8000 to it")
    assert verbs(world, Overrides({}, {"web": 1})) == [
        "wait for 1",
        "create ingress.next", "write ingress.next", "confirm ingress.next", "stop ingress",
        "start ingress.next", "wait for ingress.next",
        "record 2", "remove 2", "remove ingress", "rename ingress.next",
    ]  # fmt: skip


def test_an_ingress_that_stands_still_is_told_before_it_starts(world: World) -> None:
    with_an_ingress(world)
    world.deploy()
    world.set("pytweets-web-ingress", state="exited")
    assert verbs(world, Overrides({}, {"web": 1})) == [
        "wait for 1",
        "write ingress", "confirm ingress", "start ingress", "wait for ingress",
        "record 2", "remove 2",
    ]  # fmt: skip


def test_the_cause_of_a_new_ingress_is_what_is_wrong_with_any_old_one(world: World) -> None:
    with_an_ingress(world)
    world.deploy()
    fault = "nothing forwards port 8000 to it"
    world.set("pytweets-web-ingress", fault=fault)
    ingress = world.container("pytweets-web-ingress")
    older = replace(
        ingress, id="x", name="pytweets-web-ingress.a", fault="", labels={**ingress.labels}
    )
    older.labels["io.github.capas.config"] = "other"  # type: ignore[index]
    others = tuple(c for c in world.observed.containers if c is not ingress)
    world.observed = replace(world.observed, containers=(*others, older, ingress))
    create = next(o for o in world.plan().operations if o.verb == "create")
    assert create.cause == fault


def made_by_a_former_version(world: World) -> None:
    """The ingress as it is found after an upgrade of capas: the former label and name."""
    with_an_ingress(world)
    world.deploy()
    made = world.container("pytweets-web-ingress")
    its = {k: v for k, v in made.labels.items() if k != labels.INGRESS}
    its[labels.FORMER_INGRESS] = "haproxy"
    others = (c for c in world.observed.containers if c is not made)
    former = replace(made, name="pytweets-web-door", labels=its)
    world.observed = replace(world.observed, containers=(*others, former))
    world.observed = replace(world.observed, confirmed={"pytweets-web-door": "former text"})


def test_an_ingress_of_a_former_version_is_kept_and_only_renamed(world: World) -> None:
    made_by_a_former_version(world)
    assert verbs(world, Overrides({}, {})) == [
        "write door", "reload door", "drain door", "confirm door", "rename door",
    ]  # fmt: skip
    world.deploy()
    assert world.container("pytweets-web-ingress").is_ingress
    assert not world.plan().operations


def test_an_ingress_of_a_former_version_is_replaced_like_any_other(world: World) -> None:
    made_by_a_former_version(world)
    world.change(ingress=Ingress(8001, 5000, "localhost/proxy:1"))
    assert verbs(world, Overrides({}, {})) == [
        "create ingress", "write ingress", "confirm ingress", "stop door",
        "start ingress", "wait for ingress", "record 2", "remove door",
    ]  # fmt: skip
    world.deploy()
    assert not [c for c in world.observed.containers if c.name.endswith("-door")]


def test_down_removes_an_ingress_of_a_former_version(world: World) -> None:
    made_by_a_former_version(world)
    unfinished = {"pytweets-web-door.next", "pytweets-web-ingress.next", "pytweets-web-doors"}
    world.observed = replace(world.observed, unfinished=frozenset(unfinished))
    removed = [o.name for o in plan_down(world.pipeline, world.observed).operations]
    assert removed[:3] == [
        "pytweets-web-door.next", "pytweets-web-ingress.next", "pytweets-web-door",
    ]  # fmt: skip


def test_the_former_name_means_the_ingress(world: World) -> None:
    with_an_ingress(world)
    world.deploy()
    ingress = world.container("pytweets-web-ingress")
    containers = world.observed.containers
    for name in ("web-ingress", "web-door", "pytweets-web-ingress"):
        assert select_containers(containers, [name]) == (ingress,)
