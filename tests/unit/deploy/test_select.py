"""Which containers a word means."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.deploy.model.desired import Overrides
from pipeline.deploy.plan.deploy_plan import Options
from pipeline.deploy.plan.select import (
    Goal,
    current_overrides,
    left_over,
    rollback_goal,
    select_containers,
    select_one,
)
from pipeline.engine import labels
from pipeline.errors import CapasError, UsageError
from pipeline.spec.model import Ingress
from tests.unit.deploy.world import World, image


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ([], ["pytweets-web-1", "pytweets-web-2"]),
        (["web"], ["pytweets-web-1", "pytweets-web-2"]),
        (["web-2"], ["pytweets-web-2"]),
        (["pytweets-web-1"], ["pytweets-web-1"]),
        (["web-2", "web"], ["pytweets-web-2", "pytweets-web-1"]),
    ],
)
def test_a_word_means_a_service_a_place_or_a_name(
    world: World, words: list[str], names: list[str]
) -> None:
    world.deploy()
    assert [c.name for c in select_containers(world.observed.containers, words)] == names


def test_a_word_that_means_nothing_names_those_that_do(world: World) -> None:
    world.deploy()
    with pytest.raises(UsageError, match="no service or container is named wbe") as raised:
        select_containers(world.observed.containers, ["wbe"])
    assert raised.value.resolution == "one of: web, web-1, web-2"


def test_one_that_runs_is_selected(world: World) -> None:
    world.deploy()
    world.set("pytweets-web-1", state="exited")
    assert select_one(world.observed.containers, "web").name == "pytweets-web-2"
    with pytest.raises(CapasError, match="nothing of web-1 runs"):
        select_one(world.observed.containers, "web-1")


def test_of_all_that_runs_one_is_a_replica_unless_the_ingress_is_named(world: World) -> None:
    world.change(ports=(), replicas=1, ingress=Ingress(8000, 5000, "localhost/proxy:1"))
    world.deploy()
    ingress = world.container("pytweets-web-ingress")
    others = tuple(c for c in world.observed.containers if c is not ingress)
    first = replace(ingress, service="a")  # the first by its name
    assert select_one((first, *others), "").name == "pytweets-web-1"
    assert select_one(world.observed.containers, "web-ingress").is_ingress
    with pytest.raises(CapasError) as raised:
        select_one((ingress,), "")
    assert raised.value.brief == "nothing runs"
    assert raised.value.details == ""


def test_what_runs_is_a_wish_that_changes_nothing(world: World) -> None:
    world.deploy(Overrides({"web": "1.0"}, {"web": 3}))
    wish = current_overrides(world.pipeline, world.observed)
    assert wish == Overrides({"web": "1.0"}, {"web": 3})
    assert str(world.plan(wish)) == ""


def test_what_runs_in_an_interrupted_update_is_what_was_healthy(world: World) -> None:
    world.deploy(Overrides({"web": "1.0"}, {}))
    world.play(world.plan(Overrides({"web": "1.1"}, {"web": 3})).operations[:5])
    assert current_overrides(world.pipeline, world.observed) == Overrides(
        {"web": "1.0"}, {"web": 2}
    )


def test_a_start_leaves_what_an_unfinished_update_left(world: World) -> None:
    world.change(replicas=1)
    world.deploy(Overrides({"web": "1.0"}, {}))
    assert left_over(world.pipeline, world.observed, ()) == ()
    world.play(world.plan(Overrides({"web": "1.1"}, {})).operations[:3])
    for name in ("pytweets-web-1", "pytweets-web-1.next"):
        world.set(name, state="exited")
    (left,) = left_over(world.pipeline, world.observed, ["web"])
    assert left.name == "pytweets-web-1.next"
    assert left_over(world.pipeline, world.observed, ["pytweets-web-1.next"]) == ()


def test_a_start_leaves_the_second_ingress_unless_it_is_named(world: World) -> None:
    world.change(ports=(), replicas=1, ingress=Ingress(8000, 5000, "localhost/proxy:1"))
    world.deploy()
    ingress = replace(
        world.container("pytweets-web-ingress"), id="x", name="pytweets-web-ingress.next"
    )
    both = (*world.observed.containers, replace(ingress, state="exited"))
    world.observed = replace(world.observed, containers=both)
    (left,) = left_over(world.pipeline, world.observed, ["pytweets-web-ingress"])
    assert left.name == "pytweets-web-ingress.next"
    assert left_over(world.pipeline, world.observed, ["pytweets-web-ingress.next"]) == ()


def goal(world: World, *released: str) -> Goal:
    return rollback_goal(world.pipeline, world.observed, released)


def roll_back(world: World) -> Goal:
    """One rollback that ends well."""
    found = goal(world)
    world.deploy(Overrides(found.versions, {}), Options(back_to=found.deploy))
    return found


def test_each_rollback_goes_one_deploy_further_back(world: World) -> None:
    for version in ("1.0", "1.1", "1.2"):
        world.deploy(Overrides({"web": version}, {}))
    world.deploy(Overrides({"web": "1.2"}, {"web": 1}))  # another deploy of the same version
    assert roll_back(world) == Goal({"web": "1.1"}, 2)
    assert roll_back(world) == Goal({"web": "1.0"}, 1)
    with pytest.raises(CapasError, match="no version to go back to"):
        goal(world)
    world.deploy(Overrides({"web": "1.2"}, {}))
    assert str(goal(world)) == "back to deploy 6: web 1.0"


def test_after_an_interrupted_deploy_it_is_the_last_healthy_one(world: World) -> None:
    world.deploy(Overrides({"web": "1.0"}, {}))
    world.deploy(Overrides({"web": "1.1"}, {}))
    world.play(world.plan(Overrides({"web": "1.2"}, {})).operations[:2])
    assert goal(world) == Goal({"web": "1.1"}, 2)


def test_an_interrupted_rollback_goes_on_to_where_it_was_going(world: World) -> None:
    world.deploy(Overrides({"web": "1.0"}, {}))
    world.deploy(Overrides({"web": "1.1"}, {}))
    world.play(world.plan(Overrides({"web": "1.0"}, {}), Options(back_to=1)).operations[:2])
    assert goal(world) == Goal({"web": "1.0"}, 1)


def test_a_rollback_is_never_a_mixture(world: World) -> None:
    web = world.pipeline.services["web"]
    services = {"web": web, "worker": replace(web, name="worker", ports=(), mounts=())}
    world.pipeline = replace(world.pipeline, services=services)
    world.deploy(Overrides({"web": "1.0", "worker": "1.0"}, {}))
    world.deploy(Overrides({"web": "1.1", "worker": "1.0"}, {}))
    world.deploy(Overrides({"web": "1.1", "worker": "1.1"}, {}))
    assert goal(world) == Goal({"web": "1.1", "worker": "1.0"}, 2)


def test_a_service_that_a_deploy_did_not_have_gets_the_version_of_its_image(
    world: World,
) -> None:
    world.deploy(Overrides({"web": "1.0"}, {}))
    web = world.pipeline.services["web"]
    services = {"web": web, "worker": replace(web, name="worker", ports=(), mounts=())}
    world.pipeline = replace(world.pipeline, services=services)
    world.deploy(Overrides({"web": "1.1", "worker": "1.1"}, {}))
    assert goal(world) == Goal({"web": "1.0", "worker": "1.0"}, 1)


def test_a_version_that_left_the_spec_is_reported(world: World) -> None:
    world.deploy(Overrides({"web": "1.0"}, {}))
    world.deploy(Overrides({"web": "1.1"}, {}))
    world.pipeline = replace(world.pipeline, images={"pytweets": image("pytweets", "1.1")})
    with pytest.raises(CapasError, match="cannot go back to deploy 1") as raised:
        goal(world)
    assert "web was 1.0" in raised.value.details


def test_where_no_record_knows_a_version_before_the_lock_does(world: World) -> None:
    world.deploy(Overrides({"web": "1.2"}, {}))
    released = ["pytweets:1.0", "pytweets:1.1", "pytweets:1.2", "other:1.1"]
    assert goal(world, *released) == Goal({"web": "1.1"})
    with pytest.raises(CapasError, match="no version to go back to"):
        goal(world, "pytweets:1.2")


def test_an_ingress_and_what_left_the_spec_say_nothing_of_where_to_go_back(
    world: World,
) -> None:
    world.change(ports=(), replicas=1, ingress=Ingress(8000, 5000, "localhost/proxy:1"))
    world.deploy(Overrides({"web": "1.2"}, {}))
    gone = replace(world.container("pytweets-web-1"), service="gone", name="pytweets-gone-1")
    everything = (*world.observed.containers, gone)
    world.observed = replace(world.observed, containers=everything, secrets={})
    assert goal(world, "pytweets:1.1") == Goal({"web": "1.1"})


def test_containers_from_before_deploys_had_numbers_know_the_version_before(
    world: World,
) -> None:
    world.deploy(Overrides({"web": "1.0"}, {}))
    world.deploy(Overrides({"web": "1.2"}, {}))
    world.observed = replace(world.observed, secrets={})
    for container in world.observed.containers:
        old = {k: v for k, v in container.labels.items() if k != labels.DEPLOY}
        world.set(container.name, labels=old)
    assert goal(world) == Goal({"web": "1.0"})
    assert str(world.plan(Overrides({"web": "1.2"}, {}))) == "record deploy 1 (healthy as a whole)"
