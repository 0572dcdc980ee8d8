"""The records of deploys, as labels of secrets."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.deploy.model.desired import Overrides, digest
from pipeline.deploy.plan.history import (
    KEPT,
    Ran,
    Record,
    record_name,
    records_of,
    standing,
    unproved,
)
from pipeline.deploy.plan.removal import owned, plan_down
from tests.unit.deploy.world import World

RECORD = Record(7, "shop.deploy-7", {"web": Ran("1.2", "abc", 2), "db": Ran("", "def", 1)}, 6, 4)


def test_a_record_is_read_as_it_was_kept() -> None:
    assert records_of("shop", {"shop.deploy-7": RECORD.labels("shop")}) == (RECORD,)
    assert records_of("other", {"shop.deploy-7": RECORD.labels("shop")}) == ()
    assert RECORD.versions == {"web": "1.2"}


@pytest.mark.parametrize("value", ["", "x", "[]", "3", "null", '{"web": 1}', '{"web": [1]}'])
def test_what_cannot_be_read_is_no_record(value: str) -> None:
    name = "io.github.capas.services"
    assert records_of("shop", {"a": {**RECORD.labels("shop"), name: value}}) == ()


def test_a_long_pipelines_record_has_a_name_that_podman_takes() -> None:
    long = "p" * 120
    assert record_name("shop", 7) == "shop.deploy-7"
    assert record_name("p" * 40, 7) == f"{'p' * 40}.deploy-7"
    assert record_name("p" * 41, 7) == f"{'p' * 27}-{digest('p' * 41)}.deploy-7"
    assert len(record_name(long, 123456)) <= 64
    assert record_name(long, 1) != record_name(long + "p", 1)


def test_the_last_ten_are_kept_and_down_removes_them(world: World) -> None:
    for number in range(KEPT + 3):
        world.change(environment={"A": str(number)})
        world.deploy(Overrides({"web": "1.0"}, {}))
    numbers = [r.number for r in records_of("pytweets", world.observed.secrets)]
    assert numbers == list(range(4, KEPT + 4))
    assert "remove deploy 13 (down)" in str(plan_down(world.pipeline, world.observed))
    world.play(plan_down(world.pipeline, world.observed).operations)
    assert world.observed.secrets == {}


def test_a_record_says_what_it_replaced(world: World) -> None:
    world.deploy(Overrides({"web": "1.0"}, {}))
    world.deploy(Overrides({"web": "1.1"}, {"web": 3}))
    second = records_of("pytweets", world.observed.secrets)[-1]
    assert (second.number, second.replaced, second.back_to) == (2, 1, 0)
    assert second.services["web"].replicas == 3
    assert world.container("pytweets-web-3").deploy == 2


def test_what_the_last_deploy_replaced_does_not_stand_for_what_somebody_removed(
    world: World,
) -> None:
    world.deploy(Overrides({"web": "1.0"}, {}))
    operations = world.plan(Overrides({"web": "1.1"}, {})).operations
    recorded = next(i for i, o in enumerate(operations) if o.verb == "record")
    world.play(operations[: recorded + 1])  # killed before it removes the old ones
    rest = tuple(c for c in world.observed.containers if c.name != "pytweets-web-1.next")
    world.observed = replace(world.observed, containers=rest)
    stands = standing("pytweets", world.observed, "web")
    assert {n: c.name for n, c in stands.items()} == {2: "pytweets-web-2.next"}


def test_a_first_deploy_that_failed_and_was_stopped_is_not_under_way(world: World) -> None:
    world.play(world.plan().head.operations)
    world.observed = replace(world.observed, secrets={})
    assert unproved("pytweets", world.observed)
    for container in world.observed.containers:
        world.set(container.name, state="exited")
    assert not unproved("pytweets", world.observed)


def test_only_what_has_the_pipelines_label_is_its_own() -> None:
    label = "io.github.capas.pipeline"
    found = {"b": {label: "shop"}, "c": {label: "other"}, "d": {}, "a": {label: "shop"}}
    assert owned("shop", found) == ["a", "b"]
