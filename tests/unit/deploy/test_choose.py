"""Which containers a word means."""

from __future__ import annotations

import pytest

from pipeline.deploy.choose import as_it_runs, chosen, one, one_version_back
from pipeline.deploy.desired import Wish
from pipeline.errors import CapasError, UsageError
from tests.unit.deploy.world import World


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
def test_a_word_must_mean_a_service_a_place_or_a_name(
    world: World, words: list[str], names: list[str]
) -> None:
    world.deploy()
    assert [c.name for c in chosen(world.observed.containers, words)] == names


def test_a_word_that_means_nothing_must_name_those_that_do(world: World) -> None:
    world.deploy()
    with pytest.raises(UsageError, match="nothing is called wbe") as raised:
        chosen(world.observed.containers, ["wbe"])
    assert raised.value.resolution == "one of: web, web-1, web-2"


def test_one_must_run(world: World) -> None:
    world.deploy()
    world.set("pytweets-web-1", state="exited")
    assert one(world.observed.containers, "web").name == "pytweets-web-2"
    with pytest.raises(CapasError, match="nothing of web-1 runs"):
        one(world.observed.containers, "web-1")


def test_what_runs_must_be_a_wish_that_changes_nothing(world: World) -> None:
    world.deploy(Wish({"web": "1.0"}, {"web": 3}))
    wish = as_it_runs(world.pipeline, world.observed.containers)
    assert wish == Wish({"web": "1.0"}, {"web": 3})
    assert str(world.plan(wish)) == ""


def test_the_version_before_must_be_known_from_the_containers(world: World) -> None:
    world.deploy(Wish({"web": "1.0"}, {}))
    with pytest.raises(CapasError, match="no version to go back to"):
        one_version_back(world.pipeline, world.observed.containers)
    world.deploy(Wish({"web": "1.2"}, {}))
    assert one_version_back(world.pipeline, world.observed.containers) == {"web": "1.0"}
    released = {"pytweets:1.1"}
    assert one_version_back(world.pipeline, world.observed.containers, released) == {"web": "1.0"}


def test_where_no_container_knows_the_version_before_the_lock_must(world: World) -> None:
    world.deploy(Wish({"web": "1.2"}, {}))
    released = {"pytweets:1.0", "pytweets:1.1", "pytweets:1.2", "other:1.1"}
    assert one_version_back(world.pipeline, world.observed.containers, released) == {"web": "1.1"}
    with pytest.raises(CapasError, match="no version to go back to"):
        one_version_back(world.pipeline, world.observed.containers, {"pytweets:1.2"})
