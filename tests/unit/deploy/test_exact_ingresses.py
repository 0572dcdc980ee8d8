"""Exact words, numbers and orders of plans: ports, volumes and ingresses."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pipeline.deploy.model.desired import (
    Overrides,
    desired_services,
    digest,
    needs_network,
    refuse_two_writers,
)
from pipeline.deploy.model.operation import RELEASE_SECONDS, Operation, Plan
from pipeline.deploy.model.ports import Held, _ranges
from pipeline.deploy.observe.snapshot import Container, ImageFacts
from pipeline.deploy.plan.bring_up import as_if_up
from pipeline.deploy.plan.container_body import _storage
from pipeline.deploy.plan.deploy_plan import Options
from pipeline.deploy.plan.ingress import ingress_body, workers
from pipeline.deploy.plan.lifecycle import plan_change
from pipeline.deploy.show.events import event_line
from pipeline.engine import labels
from pipeline.engine.inspected import ContainerEvent
from pipeline.errors import EngineError, Refused, UsageError
from pipeline.spec.model import (
    Dependency,
    Ingress,
    Mount,
    Network,
    Service,
)
from tests.unit.deploy.exact import NEW, OLD, behind_an_ingress, of, said
from tests.unit.deploy.world import World


def add(world: World, *containers: Container) -> None:
    everything = (*world.observed.containers, *containers)
    world.observed = replace(world.observed, containers=everything)


@pytest.mark.parametrize(
    ("ports", "told"),
    [([8081, 8080], "8080-8081"), ([8080, 8082], "8080, 8082"), ([5, 1, 2, 3], "1-3, 5")],
)
def test_ports_in_a_row_are_told_as_one(ports: list[int], told: str) -> None:
    assert _ranges(ports) == told


@pytest.mark.parametrize(
    ("name", "changes", "needed"),
    [
        ("default", {}, False),
        ("default", {"internal": True}, True),
        ("default", {"labels": {"a": "b"}}, True),
        ("back", {}, True),
    ],
)
def test_a_lone_service_needs_a_network_that_is_asked_for(
    world: World, name: str, changes: dict[str, Any], *, needed: bool
) -> None:
    network = Network(name, f"pytweets_{name}", **changes)
    pipeline = replace(world.pipeline, networks={name: network})
    assert needs_network(pipeline, list(pipeline.services.values())) is needed


@pytest.mark.parametrize(
    ("kind", "advice"),
    [
        ("volume", "let one container write; `exclusive = false` of the volume allows it"),
        ("bind", "let one container write"),
    ],
)
def test_two_writers_are_refused_with_what_allows_it(world: World, kind: Any, advice: str) -> None:
    mount = Mount(kind, "tweets", "/var/lib/postgresql/data")
    world.change(image="docker.io/library/postgres:16", built_here=False, mounts=(mount,))
    with pytest.raises(Refused) as raised:
        refuse_two_writers(world.pipeline, list(world.pipeline.services.values()))
    assert raised.value.resolution == advice


def test_a_tmpfs_has_a_size_only_where_one_is_asked_for(world: World) -> None:
    made = _storage(
        world.pipeline, [Mount("tmpfs", None, "/a"), Mount("tmpfs", None, "/b", size=7)]
    )
    assert [one["options"] for one in made["mounts"]] == [
        ["nosuid", "nodev"],
        ["nosuid", "nodev", "size=7"],
    ]


def test_a_digest_minds_neither_order_nor_more_than_twelve_digits() -> None:
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
    assert len(digest("x")) == 12


def test_a_new_port_is_taken_where_the_ports_changed(world: World) -> None:
    world.change(replicas=1)
    world.deploy()
    (port,) = world.pipeline.services["web"].ports
    world.change(ports=(replace(port, published=9090),))
    body = of(world.plan(), "create container pytweets-web-1.next").body
    assert [m["host_port"] for m in body["portmappings"]] == [9090]


def test_what_runs_keeps_the_port_that_it_has(world: World) -> None:
    world.deploy()
    held = Held({("tcp", "127.0.0.1", 8080): "another program"})
    world.observed = replace(world.observed, held=held)
    assert str(world.plan()) == ""
    world.set("pytweets-web-1", state="exited")
    create = next(o for o in world.plan().operations if o.verb == "create")
    assert create.cause == "replica 1: port 8080 is already in use by another program"


def test_an_ingress_is_one_container_of_its_service(world: World) -> None:
    behind_an_ingress(world)
    (desired,) = desired_services(world.pipeline)
    body = ingress_body(world.pipeline, desired, ImageFacts("i"), "pytweets-web-ingress", {})
    assert body["labels"]["com.docker.compose.container-number"] == "1"


def test_only_a_proxy_is_a_worker() -> None:
    rows = [
        {"PID": "1", "PPID": "0", "COMMAND": "haproxy -W"},
        {"PID": "7", "PPID": "1", "COMMAND": "haproxy -W"},
        {"PID": "8", "PPID": "1", "COMMAND": "sh"},
    ]
    assert workers(rows) == {"7"}


@pytest.mark.parametrize("state", [{"state": "exited"}, {"fault": "nothing forwards port 8000"}])
def test_an_ingress_that_lets_nothing_through_is_told_nothing_in_an_update(
    world: World, state: dict[str, Any]
) -> None:
    behind_an_ingress(world)
    world.deploy(OLD)
    world.set("pytweets-web-ingress", **state)
    planned = said(world.plan(NEW).operations)
    assert planned[:8] == [
        "create 1.next", "start 1.next", "wait for 1.next", "stop 1",
        "create 2.next", "start 2.next", "wait for 2.next", "stop 2",
    ]  # fmt: skip


def test_an_ingress_is_given_time_where_another_stopped_just_before(world: World) -> None:
    behind_an_ingress(world)
    assert of(world.plan(), "start ingress pytweets-web-ingress").patience == 0
    world.deploy()
    world.change(ingress=Ingress(8001, 5000, "localhost/proxy:1"))
    plan = world.plan()
    assert of(plan, "start ingress pytweets-web-ingress.next").patience == RELEASE_SECONDS
    world.set("pytweets-web-ingress", state="exited")
    assert of(world.plan(), "start ingress pytweets-web-ingress.next").patience == 0


def test_requests_end_within_the_grace_and_two_times_keep_alive(world: World) -> None:
    behind_an_ingress(world, stop_grace_period=10)
    world.deploy()
    plan = world.plan(Overrides({}, {"web": 1}))
    assert [o.deadline for o in plan.operations if o.verb == "drain"] == [14]


def test_a_service_that_lost_its_ingress_tells_its_ingress_nothing(world: World) -> None:
    behind_an_ingress(world)
    world.deploy()
    world.change(ingress=None)
    verbs = {o.verb for o in world.plan(Overrides({}, {"web": 1})).operations}
    assert not verbs & {"write", "reload", "drain"}


@pytest.mark.parametrize("replicas", [1, 2])
def test_the_old_of_two_open_ingresses_stops_when_the_new_one_is_open(
    world: World, replicas: int
) -> None:
    behind_an_ingress(world)
    world.deploy()
    ingress = world.container("pytweets-web-ingress")
    world.observed = replace(
        world.observed,
        containers=tuple(c for c in world.observed.containers if c is not ingress),
        confirmed={**world.observed.confirmed, "pytweets-web-ingress.next": "x"},
    )
    old = replace(ingress, id="old", labels={**ingress.labels, labels.CONFIG: "other"})
    add(world, old, replace(ingress, name="pytweets-web-ingress.next"))
    confirmed = world.observed.confirmed["pytweets-web-ingress"]
    both = {"pytweets-web-ingress": confirmed, "pytweets-web-ingress.next": confirmed}
    world.observed = replace(world.observed, confirmed=both)
    plan = world.plan(Overrides({}, {"web": replicas}))
    opened = of(plan, "wait for ingress pytweets-web-ingress.next")
    if replicas == 1:
        assert opened.after == ("confirm ingress pytweets-web-ingress.next with 1 replicas",)
        first = of(plan, "write ingress pytweets-web-ingress.next with 1 replicas")
        assert first.after == ("confirm ingress pytweets-web-ingress with 1 replicas",), (
            "one ingress after another"
        )
    else:
        assert "write" not in {o.verb for o in plan.operations}
    stop = of(plan, "stop container pytweets-web-ingress")
    assert stop.after == (opened.key,)
    world.set("pytweets-web-ingress", state="exited")
    plan = world.plan(Overrides({}, {"web": replicas}))
    assert not any(o.key == opened.key for o in plan.operations)


def test_an_ingress_opens_after_its_own_replicas(world: World) -> None:
    behind_an_ingress(world, replicas=1, depends_on=(Dependency("cache"),))
    cache = Service("cache", "localhost/redis:7", built_here=False)
    services = {**world.pipeline.services, "cache": cache}
    world.pipeline = replace(world.pipeline, services=services)
    world.deploy()
    for container in world.observed.containers:
        world.set(container.name, state="exited")
    plan = plan_change(world.pipeline, "start", world.observed.containers)
    ingress = of(plan, "start container pytweets-web-ingress")
    assert ingress.after == ("start container pytweets-web-1", "wait for container pytweets-web-1")
    assert ingress.patience == RELEASE_SECONDS
    assert not any(o.key == "wait for container pytweets-web-ingress" for o in plan.operations)
    assert as_if_up(world.observed, plan).ingress("web") is not None
    up = as_if_up(world.observed, plan).ingress("web")
    assert up is not None
    assert up.running
    stop = Operation("stop", "container", "pytweets-web-1", "x")
    assert as_if_up(world.observed, Plan((stop,))) == world.observed


def test_an_ingress_needs_its_image(world: World) -> None:
    behind_an_ingress(world)
    world.change(ingress=Ingress(8000, 5000, "localhost/absent:1"))
    with pytest.raises(EngineError, match="image localhost/absent:1 of the ingress does not exist"):
        world.plan()


def test_the_cause_of_a_new_ingress_is_the_fault_of_whichever_has_one(world: World) -> None:
    behind_an_ingress(world)
    world.deploy()
    ingress = world.container("pytweets-web-ingress")
    world.set("pytweets-web-ingress", labels={**ingress.labels, labels.CONFIG: "other"})
    add(world, replace(ingress, id="x", name="pytweets-web-ingress.a", fault="no port"))
    create = next(o for o in world.plan().operations if o.verb == "create")
    assert create.cause == "no port"


@pytest.mark.parametrize(
    ("action", "attributes", "ending"),
    [
        ("died", {"name": "web", "containerExitCode": "3"}, "web  ended with 3"),
        ("died", {"name": "web", "containerExitCode": 0}, "web  ended with 0"),
        ("died", {"name": "web"}, "web  ended"),
        ("start", {"name": "web", "containerExitCode": 0}, "web  start"),
        ("start", {}, "?  start"),
    ],
)
def test_only_what_ended_has_a_code(action: str, attributes: dict[str, Any], ending: str) -> None:
    event = ContainerEvent(action, 0, attributes)
    assert event_line(event).endswith(f"  {ending}")


def test_a_version_that_is_not_in_the_spec_is_refused_with_those_that_are(world: World) -> None:
    with pytest.raises(UsageError, match="pytweets has no version 9") as raised:
        desired_services(world.pipeline, Overrides({"web": "9"}, {}))
    assert raised.value.resolution == "one of: 1.0, 1.1, 1.2"
    behind_an_ingress(world)
    world.change(ingress=Ingress(8000, 5000, "pytweets:9"))
    with pytest.raises(UsageError, match="pytweets has no version 9") as raised:
        desired_services(world.pipeline)
    assert raised.value.resolution == "one of: 1.0, 1.1, 1.2"


def test_of_two_ingresses_that_are_right_the_open_one_stays(world: World) -> None:
    behind_an_ingress(world)
    world.deploy()
    ingress = world.container("pytweets-web-ingress")
    world.set("pytweets-web-ingress", state="exited")
    add(world, replace(ingress, id="x", name="pytweets-web-ingress.next"))
    confirmed = dict.fromkeys(("pytweets-web-ingress", "pytweets-web-ingress.next"), "")
    world.observed = replace(
        world.observed,
        confirmed={
            **confirmed,
            "pytweets-web-ingress.next": world.observed.confirmed[ingress.name],
        },
    )
    plan = world.plan()
    assert "start" not in {o.verb for o in plan.operations}
    assert [o.name for o in plan.operations if o.verb == "remove"] == ["pytweets-web-ingress"]


@pytest.mark.parametrize(
    ("changes", "resolution"),
    [
        ({}, "`capas build --version 1.2` builds it"),
        (
            {"image": "docker.io/library/absent:1", "built_here": False},
            "`podman pull docker.io/library/absent:1`, or build or load it under that name",
        ),
    ],
)
def test_an_image_that_is_not_there_is_told_with_what_makes_it(
    world: World, changes: dict[str, Any], resolution: str
) -> None:
    world.change(**changes)
    world.observed = replace(world.observed, images={})
    with pytest.raises(EngineError) as raised:
        world.plan()
    assert raised.value.resolution == resolution


def test_an_ingress_hears_of_a_new_replica_once(world: World) -> None:
    behind_an_ingress(world)
    world.deploy()
    plan = world.plan(Overrides({}, {"web": 3}))
    assert [o.detail for o in plan.operations if o.verb == "write"] == ["with 3 replicas"]


def test_by_itself_a_deploy_removes_nothing_that_left_the_spec() -> None:
    assert (Options().wait, Options().remove_orphans, Options().back_to) == (True, False, 0)
