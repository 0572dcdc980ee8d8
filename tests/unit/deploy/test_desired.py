"""What shall run, from the spec and the command line."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.deploy.model.desired import (
    Overrides,
    desired_services,
    in_order,
    replicas_for,
    versions_for,
)
from pipeline.errors import CapasError, Refused, UsageError
from pipeline.spec.model import Dependency, Ingress, Mount, Network, Service, Volume
from tests.unit.deploy.world import World, image


def test_the_newest_version_runs_unless_somebody_says_otherwise(world: World) -> None:
    assert [d.version for d in desired_services(world.pipeline)] == ["1.2"]
    world.change(version="1.0")
    assert [d.version for d in desired_services(world.pipeline)] == ["1.0"]
    (asked,) = desired_services(world.pipeline, Overrides({"web": "1.1"}, {}))
    assert (asked.version, asked.reference) == ("1.1", "localhost/pytweets:1.1")


def test_a_version_that_is_not_there_names_those_that_are(world: World) -> None:
    with pytest.raises(UsageError, match=r"no service has a version 9") as raised:
        versions_for(world.pipeline, "9")
    assert raised.value.resolution == "one of: pytweets:1.0, pytweets:1.1, pytweets:1.2"
    assert versions_for(world.pipeline, "1.1") == {"web": "1.1"}


@pytest.mark.parametrize(
    ("asked", "meant"), [("3", {"web": 3}), ("web=4", {"web": 4}), ("web=0", {"web": 0})]
)
def test_replicas_are_read(world: World, asked: str, meant: dict[str, int]) -> None:
    assert replicas_for(world.pipeline, asked) == meant


def test_a_number_alone_means_the_only_service_or_the_only_one_that_is_built(
    world: World,
) -> None:
    web = world.pipeline.services["web"]
    cache = Service("cache", "localhost/redis:7", False)
    world.pipeline = replace(world.pipeline, services={"cache": cache})
    assert replicas_for(world.pipeline, "3") == {"cache": 3}
    world.pipeline = replace(world.pipeline, services={"cache": cache, "web": web})
    assert replicas_for(world.pipeline, "3, cache = 2") == {"web": 3, "cache": 2}
    both = {"cache": cache, "web": web, "b": replace(web, name="b")}
    world.pipeline = replace(world.pipeline, services=both)
    with pytest.raises(UsageError, match="unclear which service") as raised:
        replicas_for(world.pipeline, "3")
    assert raised.value.resolution == "write for example web=3"
    neither = {"cache": cache, "other": replace(cache, name="other")}
    world.pipeline = replace(world.pipeline, services=neither)
    with pytest.raises(UsageError, match="unclear which service") as raised:
        replicas_for(world.pipeline, "3")
    assert raised.value.resolution == "write for example cache=3"


@pytest.mark.parametrize("asked", ["many", "web=", "-1", "web=1.5", ""])
def test_what_is_no_number_of_replicas_is_refused(world: World, asked: str) -> None:
    with pytest.raises(UsageError, match="invalid replica count"):
        replicas_for(world.pipeline, asked)


def test_an_unknown_service_is_refused(world: World) -> None:
    with pytest.raises(UsageError, match="there is no service wbe"):
        desired_services(world.pipeline, Overrides({}, {"wbe": 2}))


def test_two_containers_that_would_write_to_what_is_exclusive_are_refused(world: World) -> None:
    db = Service(
        "db", "docker.io/library/postgres:16", False, mounts=(Mount("volume", "tweets", "/data"),)
    )
    world.pipeline = replace(world.pipeline, services={"db": db})
    assert desired_services(world.pipeline, Overrides({}, {"db": 1}))
    with pytest.raises(Refused, match="2 containers would write to tweets") as raised:
        desired_services(world.pipeline, Overrides({}, {"db": 2}))
    assert "postgres keeps its data there; it is mounted by db (2)" in raised.value.details
    allowed = {"tweets": Volume("tweets", "pytweets_tweets", exclusive=False)}
    world.pipeline = replace(world.pipeline, volumes=allowed)
    assert desired_services(world.pipeline, Overrides({}, {"db": 2}))


def test_a_lone_service_needs_no_network(world: World) -> None:
    assert desired_services(world.pipeline)[0].networks == ()


@pytest.mark.parametrize("why", ["two services", "an ingress", "an internal network"])
def test_what_must_be_found_has_a_network(world: World, why: str) -> None:
    if why == "an ingress":
        world.change(ingress=Ingress(8000, 5000, "localhost/proxy:1"))
    elif why == "an internal network":
        network = Network("default", "pytweets_default", internal=True)
        world.pipeline = replace(world.pipeline, networks={"default": network})
    else:
        services = {**world.pipeline.services, "b": Service("b", "localhost/b:1", False)}
        world.pipeline = replace(world.pipeline, services=services)
    assert {d.networks for d in desired_services(world.pipeline)} == {("pytweets_default",)}


def test_services_of_a_profile_wait_to_be_asked_for(world: World) -> None:
    world.change(profiles=("debug",))
    assert desired_services(world.pipeline) == ()
    assert len(desired_services(world.pipeline, Overrides({}, {}, frozenset({"debug"})))) == 1


def test_dependencies_come_first_and_circles_are_named() -> None:
    a = Service("a", "x", False, depends_on=(Dependency("b"),))
    b = Service("b", "x", False, depends_on=(Dependency("c"),))
    c = Service("c", "x", False)
    assert [s.name for s in in_order([a, b, c])] == ["c", "b", "a"]
    assert in_order([b]) == [b], "what is not asked for does not come along"
    d = Service("d", "x", False, depends_on=(Dependency("a"), Dependency("c")))
    assert [s.name for s in in_order([d, a, b, c])] == ["c", "b", "a", "d"]
    with pytest.raises(CapasError) as raised:
        in_order([a, b, replace(c, depends_on=(Dependency("a"),))])
    assert raised.value.details == "a → b → c → a"


@pytest.mark.parametrize(
    ("named", "reference"),
    [
        ("proxy", "localhost/proxy:2"),
        ("proxy:1", "localhost/proxy:1"),
        ("docker.io/library/haproxy:lts", "docker.io/library/haproxy:lts"),
    ],
)
def test_the_image_of_an_ingress_may_be_one_of_the_spec(
    world: World, named: str, reference: str
) -> None:
    images = {**world.pipeline.images, "proxy": image("proxy", "1", "2")}
    world.pipeline = replace(world.pipeline, images=images)
    world.change(ingress=Ingress(8000, 5000, named))
    assert desired_services(world.pipeline)[0].ingress_image == reference


def test_a_profile_that_no_service_has_is_refused(world: World) -> None:
    with pytest.raises(UsageError, match="no service has the profile debgu") as raised:
        desired_services(world.pipeline, Overrides({}, {}, frozenset({"debgu"})))
    assert raised.value.resolution == "no service of this spec has profiles"
    world.change(profiles=("debug",))
    with pytest.raises(UsageError) as raised:
        desired_services(world.pipeline, Overrides({}, {}, frozenset({"debgu"})))
    assert raised.value.resolution == "one of: debug"


def test_a_version_is_refused_where_nothing_has_any(world: World) -> None:
    world.change(image="localhost/nginx:7", built_here=False)
    with pytest.raises(UsageError) as raised:
        versions_for(world.pipeline, "1.0")
    assert raised.value.resolution == "none of them runs an image of this spec"
