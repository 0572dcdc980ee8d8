"""What an export changes is told, sentence by sentence, and what it does not change is not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipeline.export.notes import (
    command_probe,
    common_notes,
    kubernetes_notes,
    quadlet_notes,
    user_ids,
)
from pipeline.spec.model import (
    Dependency,
    Healthcheck,
    Ingress,
    Mount,
    Network,
    Pipeline,
    Port,
    Resources,
    SecretMount,
    Service,
    Volume,
)

PLAIN = Service("web", "app", built_here=True, restart="always")
WGET = "web: its check runs inside the container there, so its image needs wget"
HASH = "web: the `#` in its check's path is asked as `%23` there"


def pipeline(*services: Service, **more: Any) -> Pipeline:
    return Pipeline(
        "shop",
        Path("/p/specs/shop.toml"),
        Path("/p"),
        services={service.name: service for service in services},
        **more,
    )


@pytest.mark.parametrize(
    ("changes", "notes"),
    [
        ({}, []),
        (
            {"ingress": Ingress(80, 5000, "proxy:1")},
            ["web: `ingress` is capas' own and is left out"],
        ),
        (
            {
                "secrets": (
                    SecretMount("a", "a"),
                    SecretMount("b", "/b"),
                    SecretMount("c", "C", "env"),
                )
            },
            [
                (
                    "web: make the secrets there by hand: a (the file /run/secrets/a), "
                    "b (the file /b), c (the variable C)"
                )
            ],
        ),
        ({"resources": Resources(optional=True)}, []),
        ({"resources": Resources(memory=0)}, []),
        *(
            (
                {"resources": Resources(optional=True, **limit)},
                ["web: its limits are demanded there: `optional` is left out"],
            )
            for limit in ({"memory": 0}, {"cpus": 0}, {"pids": 0})
        ),
        (
            {"ports": (Port(1, 2, strict=True), Port(1, 2))},
            ["a port of the host that is taken is an error there: no other one is chosen"],
        ),
        ({"ports": (Port(1), Port(1, 2, strict=True))}, []),
    ],
)
def test_what_no_format_carries(changes: dict[str, Any], notes: list[str]) -> None:
    assert list(common_notes(pipeline(replace(PLAIN, **changes)))) == notes


def test_a_backup_before_an_upgrade_is_carried_by_no_format() -> None:
    volumes = {
        "a": Volume("a", "shop_a"),
        "b": Volume("b", "shop_b", backup_before_upgrade=True),
    }
    assert list(common_notes(pipeline(volumes=volumes))) == [
        "b: nothing backs the volume up before an upgrade there"
    ]


@pytest.mark.parametrize(
    ("check", "notes"),
    [
        (None, []),
        (Healthcheck(test=("true",)), []),
        (Healthcheck(http=":5000/a"), [WGET]),
        (Healthcheck(http=":5000/a#b"), [WGET, HASH]),
        (Healthcheck(tcp=5000), [WGET.replace("wget", "nc")]),
    ],
)
def test_what_a_check_inside_needs(check: Healthcheck | None, notes: list[str]) -> None:
    assert list(command_probe(replace(PLAIN, healthcheck=check))) == notes


@pytest.mark.parametrize(
    ("changes", "needed", "notes"),
    [
        ({}, [], []),
        ({}, ["service_started"], []),
        ({"profiles": ("a",)}, [], ["web: it starts with the rest, systemd knows no `profiles`"]),
        ({"replicas": 0}, [], ["web: it has no replicas, so no unit is made of it"]),
        ({"replicas": 2}, [], []),
        (
            {"restart": "unless-stopped"},
            [],
            ["web: `unless-stopped` is `always` there: it starts again at the next boot"],
        ),
        (
            {"command": ()},
            [],
            ["web: an empty `command` cannot be said there, the image's own runs"],
        ),
        ({"command": ("a",)}, [], []),
        (
            {"stop_grace_period": 0.5},
            [],
            ["web: its grace period is 1 s there, which knows whole seconds only"],
        ),
        (
            {},
            ["service_healthy"],
            ["web: it has no health check, so others wait there only until it has started"],
        ),
        ({"healthcheck": Healthcheck(test=("true",))}, ["service_healthy"], []),
        (
            {"restart": "on-failure"},
            ["service_completed_successfully"],
            ["web: others wait for its end, so it runs once at each boot there"],
        ),
        (
            {},
            ["service_completed_successfully", "service_healthy"],
            [
                "web: others wait for its end, so it runs once at each boot there",
                "web: systemd starts a job again only on failure, whatever `restart` says",
                "web: others wait for its end there, also those that wait for its health",
            ],
        ),
    ],
)
def test_what_systemd_says_in_another_way(
    changes: dict[str, Any], needed: list[Any], notes: list[str]
) -> None:
    web = replace(PLAIN, **changes)
    needs = tuple(Dependency("web", condition) for condition in needed)
    other = replace(PLAIN, name="other", depends_on=(*needs, Dependency("x", "service_healthy")))
    assert list(quadlet_notes(pipeline(web, other), web)) == notes


INSIDE = "of a host there: a Service is reached inside the cluster"


@pytest.mark.parametrize(
    ("changes", "notes"),
    [
        ({}, []),
        (
            {"user": "app"},
            ["`user` is left out: Kubernetes knows users by number only, the image's own runs"],
        ),
        ({"user": "1000:1"}, []),
        ({"stop_signal": "SIGINT"}, ["`stop_signal` is left out: the image's own is sent"]),
        (
            {"resources": Resources(pids=9)},
            ["`pids` is left out: the node limits them, not to 9"],
        ),
        ({"restart": "no"}, ["`restart` is left out: a Deployment always restarts, never `no`"]),
        (
            {"restart": "on-failure"},
            ["`restart` is left out: a Deployment always restarts, never `on-failure`"],
        ),
        ({"restart": "unless-stopped"}, []),
        ({"profiles": ("a",)}, ["`profiles` is left out: it starts with the rest"]),
        ({"labels": {"a": "b"}}, ["`labels` is left out: Kubernetes' have other rules"]),
        (
            {"depends_on": (Dependency("db"),)},
            [
                "Kubernetes starts it without waiting for its `depends_on`: db (service_started)",
            ],
        ),
        ({"replicas": 2, "mounts": (Mount("tmpfs", None, "/d"),)}, []),
        ({"replicas": 1, "mounts": (Mount("volume", "d", "/d"),)}, []),
        (
            {"replicas": 2, "mounts": (Mount("volume", "d", "/d"),)},
            ["its replicas share a ReadWriteOnce volume, so they must run on one node"],
        ),
        (
            {"mounts": (Mount("bind", "/p/conf", "/conf"),)},
            ["/p/conf is read from the node it runs on"],
        ),
        (
            {"networks": ("default", "back")},
            [
                (
                    "`networks` (default, shop_back internal team) is left out: "
                    "there every pod reaches every other"
                )
            ],
        ),
        (
            {"networks": ("front",)},
            ["`networks` (shop_front) is left out: there every pod reaches every other"],
        ),
        ({"ports": (Port(5000),)}, []),
        ({"ports": (Port(5000, 8080),)}, [f"nothing binds 127.0.0.1:8080 {INSIDE}"]),
        ({"ports": (Port(5000, None, "::1"),)}, [f"nothing binds ::1:any {INSIDE}"]),
        (
            {"stop_grace_period": 0.5},
            ["`stop_grace_period` is 1 s there instead of 0.5 s: Kubernetes counts whole seconds"],
        ),
        (
            {"healthcheck": Healthcheck(tcp=5, interval=2.5, timeout=3, start_period=0.2)},
            [
                "`interval` is 3 s there instead of 2.5 s: Kubernetes counts whole seconds",
                "`start_period` is 1 s there instead of 0.2 s: Kubernetes counts whole seconds",
            ],
        ),
        *(
            (
                empty,
                [
                    "an empty `command` or `entrypoint` cannot be said there, the image's runs",
                ],
            )
            for empty in ({"command": ()}, {"entrypoint": ()})
        ),
        (
            {"healthcheck": Healthcheck(http=":5000/a#b")},
            ["the `#` in its check's path is asked as `%23` there"],
        ),
        ({"healthcheck": Healthcheck(http=":5000/a")}, []),
    ],
)
def test_what_kubernetes_alone_cannot_say(changes: dict[str, Any], notes: list[str]) -> None:
    web = replace(PLAIN, **changes)
    networks = {
        "back": Network("back", "shop_back", internal=True, labels={"team": "a"}),
        "front": Network("front", "shop_front"),
    }
    found = kubernetes_notes(pipeline(web, networks=networks), web)
    assert list(found) == [f"web: {note}" for note in notes]


@pytest.mark.parametrize(
    ("ports", "note"),
    [
        ((), "it has no ports, so it gets no Service, and others do not find it by its name"),
        (
            (Port(5000), Port(5000, None, protocol="udp"), Port(6000)),
            "others find it as shop-web, port 5000, 6000, not by its own name",
        ),
    ],
)
def test_how_others_find_it_in_kubernetes(ports: tuple[Port, ...], note: str) -> None:
    web = replace(PLAIN, ports=ports)
    assert list(kubernetes_notes(pipeline(web, replace(PLAIN, name="other")), web)) == [
        f"web: {note}"
    ]


@pytest.mark.parametrize(
    ("user", "ids"),
    [
        (None, []),
        ("7", [7]),
        ("7:8", [7, 8]),
        ("7:8:9", []),
        ("app", []),
        ("7:app", []),
        ("\N{ARABIC-INDIC DIGIT SEVEN}", []),
    ],
)
def test_users_by_number(user: str | None, ids: list[int]) -> None:
    assert user_ids(replace(PLAIN, user=user)) == ids
