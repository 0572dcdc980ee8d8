"""The ingress's configuration and what its processes tell."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pipeline.deploy.model.desired import desired_services, digest
from pipeline.deploy.observe.snapshot import ImageFacts
from pipeline.deploy.plan.container_body import network_body
from pipeline.deploy.plan.ingress import (
    config,
    ingress_body,
    ingress_check,
    ingress_parts,
    with_addresses,
    workers,
)
from pipeline.errors import EngineError
from pipeline.spec.model import Healthcheck, Ingress
from tests.unit.deploy.world import World


def text(world: World, **changes: Any) -> str:
    world.change(ingress=Ingress(8000, 5000, "localhost/proxy:1"), **changes)
    (desired,) = desired_services(world.pipeline)
    return config(desired, {"replica-1": "web-1-abc", "replica-2": "web-2-abc"})


def test_each_replica_is_asked_for_its_health(world: World) -> None:
    made = text(world)
    assert "    option httpchk GET /healthz\n" in made
    assert "    server replica-1 web-1-abc:5000 init-addr {web-1-abc},none\n" in made
    assert "    server replica-2 web-2-abc:5000 init-addr {web-2-abc},none\n" in made


def test_without_an_http_check_a_connection_does(world: World) -> None:
    assert "    option tcp-check\n" in text(world, healthcheck=Healthcheck(tcp=5000))


def test_only_what_changes_nothing_may_be_sent_twice(world: World) -> None:
    assert "disable-l7-retry unless METH_GET or METH_HEAD or METH_OPTIONS" in text(world)


def test_addresses_are_filled_in_where_they_are_known(world: World) -> None:
    made = with_addresses(text(world), {"web-1-abc": "10.89.0.2"})
    assert "init-addr 10.89.0.2,none" in made
    assert "init-addr none,none" in made
    assert "{" not in made


def test_braces_of_a_path_are_no_place_for_an_address(world: World) -> None:
    made = with_addresses(text(world, healthcheck=Healthcheck(http=":5000/a{web-1-abc}")), {})
    assert "option httpchk GET '/a{web-1-abc}'\n" in made


def test_a_service_may_have_capitals(world: World) -> None:
    world.change(ingress=Ingress(8000, 5000, "localhost/proxy:1"))
    (desired,) = desired_services(world.pipeline)
    made = with_addresses(config(desired, {"replica-1": "Web-1"}), {"Web-1": "10.89.0.2"})
    assert "init-addr 10.89.0.2,none" in made


def test_no_path_ends_its_line(world: World) -> None:
    with pytest.raises(EngineError, match="cannot hold"):
        text(world, healthcheck=Healthcheck(http=":5000/a\n    http-check x"))


def test_the_ingress_publishes_one_port_and_has_no_capability(world: World) -> None:
    text(world)
    (desired,) = desired_services(world.pipeline)
    made = ingress_body(
        world.pipeline, desired, ImageFacts("sha-proxy"), "pytweets-web-ingress", {}
    )
    assert made["cap_drop"] == ["ALL"]
    assert made["portmappings"] == [
        {"container_port": 8000, "host_ip": "127.0.0.1", "host_port": 8000, "protocol": "tcp"}
    ]
    assert "io.github.capas.ingress" in made["labels"]


def test_the_ingress_is_asked_what_the_replicas_are_asked(world: World) -> None:
    service = world.pipeline.services["web"]
    asked = Healthcheck(http=":8000/healthz", interval=0.5, retries=20)
    assert ingress_check(service) == asked
    connected = Healthcheck(tcp=8000, interval=0.5, retries=20)
    assert ingress_check(replace(service, healthcheck=Healthcheck(tcp=5000))) == connected
    assert ingress_check(replace(service, healthcheck=None)) == connected


@pytest.mark.parametrize(
    ("check", "inter"),
    [
        (None, "1000ms"),
        (Healthcheck(tcp=1, interval=0.01), "100ms"),
        (Healthcheck(tcp=1, interval=0.25), "250ms"),
        (Healthcheck(tcp=1, interval=30), "2000ms"),
    ],
)
def test_replicas_are_asked_neither_too_often_nor_too_seldom(
    world: World, check: Healthcheck | None, inter: str
) -> None:
    made = text(world, healthcheck=check)
    assert f"check inter {inter} " in made
    assert "    option tcp-check\n" in made


@pytest.mark.parametrize(("grace", "told"), [(0, "1s"), (2.5, "3s"), (10, "10s")])
def test_the_old_worker_ends_with_the_grace(world: World, grace: float, told: str) -> None:
    made = text(world, stop_grace_period=grace)
    assert f"    hard-stop-after {told}\n" in made
    assert "    timeout http-keep-alive 2s\n" in made
    assert "    bind :8000\n" in made


def test_the_ingress_is_made_of_its_image_port_and_networks_alone(world: World) -> None:
    text(world, stop_grace_period=2.5)
    (desired,) = desired_services(world.pipeline)
    image = ImageFacts("sha-proxy")
    parts = {
        "image": "sha-proxy",
        "port": ["127.0.0.1", 8000],
        "networks": ["pytweets_default"],
    }
    assert ingress_parts(desired, image) == parts
    made = ingress_body(world.pipeline, desired, image, "pytweets-web-ingress", {"number": "7"})
    labels = made.pop("labels")
    assert labels["io.github.capas.config"] == digest(parts)
    assert labels["number"] == "7"
    told = dict(part.split("=") for part in labels["io.github.capas.config-parts"].split(","))
    assert told == {name: digest(value)[:6] for name, value in parts.items()}
    assert made == {
        "name": "pytweets-web-ingress",
        "image": "sha-proxy",
        "entrypoint": ["haproxy", "-W", "-db", "-f", "/etc/haproxy/capas.cfg"],
        "command": [],
        "stop_signal": 10,
        "stop_timeout": 3,
        "cap_drop": ["ALL"],
        "no_new_privileges": True,
        "restart_policy": "on-failure",
        "healthconfig": {"Test": ["NONE"]},
        "image_volume_mode": "ignore",
        "portmappings": [
            {"container_port": 8000, "host_ip": "127.0.0.1", "host_port": 8000, "protocol": "tcp"}
        ],
        **network_body(["pytweets_default"], ["web-ingress"]),
    }


def test_workers_are_the_masters_children() -> None:
    rows = [
        {"PID": "1", "PPID": "0", "COMMAND": "haproxy -W -db"},
        {"PID": "7", "PPID": "1", "COMMAND": "haproxy -W -db"},
        {"PID": "9", "PPID": "1", "COMMAND": "haproxy -sf 7 -x sockpair@3 -W -db"},
        {"PID": "12", "PPID": "0", "COMMAND": "sh"},
    ]
    assert workers(rows) == {"7", "9"}
