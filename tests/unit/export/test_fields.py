"""Every key of a service is carried by each format, or a note says that and why it is not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from pipeline.export.compose import export_compose
from pipeline.export.exported import Exported
from pipeline.export.kubernetes import export_kubernetes
from pipeline.export.quadlet import export_quadlet
from pipeline.spec.model import (
    Dependency,
    Healthcheck,
    Image,
    Ingress,
    Mount,
    Network,
    Pipeline,
    Port,
    Resources,
    SecretMount,
    Service,
    Version,
    Volume,
)

FOLDER = Path("/p")
VERSIONS = {v: Version("app", v, FOLDER, FOLDER / "Containerfile") for v in ("1.0", "1.1")}
DB = Service("db", "app", built_here=True, healthcheck=Healthcheck(tcp=5))
BASE = Service(
    "web",
    "app",
    built_here=True,
    healthcheck=Healthcheck(http=":5000/x"),
    depends_on=(Dependency("db", "service_started"),),
)
FULL = replace(
    BASE,
    ports=(Port(5000, 8080, strict=True),),
    mounts=(
        Mount("volume", "data", "/data"),
        Mount("bind", "/p/conf", "/conf"),
        Mount("tmpfs", None, "/tmp", size=4096),
    ),
    resources=Resources(memory=1024, cpus=0.5, pids=9),
    secrets=(SecretMount("token", "token"),),
)

CHANGED: dict[str, list[Any]] = {
    "name": ["other"],
    "image": ["docker.io/library/redis:7"],
    "version": ["1.0"],
    "replicas": [0, 2],
    "command": [("a", "b"), ()],
    "entrypoint": [("a", "b"), ()],
    "environment": [{"A": "b"}],
    "ports": [(Port(5000, 8081, strict=True),)],
    "mounts": [()],
    "networks": [("back",)],
    "depends_on": [(), (Dependency("db", "service_healthy"),),
                   (Dependency("db", "service_completed_successfully"),)],
    "healthcheck": [None],
    "resources": [Resources()],
    "restart": ["on-failure", "always", "unless-stopped"],
    "stop_signal": ["SIGINT"],
    "stop_grace_period": [0.4, 1.4, 30.0, 1e6],
    "user": ["1000", "app", "1000:1000", "app:app"],
    "read_only": [True],
    "cap_add": [("CAP_CHOWN",)],
    "secrets": [()],
    "profiles": [("debug",)],
    "pull_policy": ["always", "never"],
    "labels": [{"a": "b"}],
    "ingress": [Ingress(80, 5000, "proxy:1")],
}  # fmt: skip
INSIDE: dict[type, dict[str, list[Any]]] = {
    Port: {"target": [5001], "published": [None, 8090], "address": ["0.0.0.0", "::1"],
           "protocol": ["udp"], "strict": [False]},
    Mount: {"source": ["/p/a:b", "/p/a b"], "target": ["/x", "/x:y", "/x,y", "/x y"],
            "read_only": [True], "size": [None, 8192]},
    Resources: {"memory": [None, 2048], "cpus": [None, 0.1234567], "pids": [None, 10],
                "optional": [True]},
    Healthcheck: {"http": [":5001/", ":5000/a#b"], "interval": [0.5, 2.0], "timeout": [0.5, 9.0],
                  "start_period": [0.5, 9.0], "retries": [3]},
    SecretMount: {"source": ["key"], "target": ["x"], "kind": ["env"]},
}  # fmt: skip
WITHOUT_MEANING_ELSEWHERE = {
    (Service, "built_here"): "says how `image` is read; the image's full name is carried",
    (Service, "name"): "the name of what is exported, tried above with everything that has it",
    (Mount, "kind"): "each kind is carried, tried above",
    (Mount, "allow_outside_project"): "a word for validate, which has been there before",
    (Healthcheck, "tcp"): "one of the three, tried above",
    (Healthcheck, "test"): "one of the three, tried in test_hostile",
    (SecretMount, "visible"): "a word for this engine's `podman inspect`; secrets are not carried",
}
EXPORTERS = [export_compose, export_kubernetes, export_quadlet]


def pipeline_of(service: Service) -> Pipeline:
    return Pipeline(
        "shop",
        FOLDER / "specs" / "shop.toml",
        FOLDER,
        images={"app": Image("app", VERSIONS)},
        services={"db": DB, "web": service},
        volumes={"data": Volume("data", "shop_data")},
        networks={"back": Network("back", "shop_back")},
    )


def changes() -> Iterator[tuple[str, Service, Service]]:
    for one in fields(Service):
        for value in CHANGED.get(one.name, []):
            start = FULL if one.name in ("ports", "mounts", "resources", "secrets") else BASE
            other = replace(start, built_here=one.name != "image", **{one.name: value})
            yield f"{one.name}={value!r}", start, other
    for key in ("ports", "mounts", "secrets"):
        for index, inner in enumerate(getattr(FULL, key)):
            for name, value in changes_inside(inner):
                items = list(getattr(FULL, key))
                items[index] = replace(inner, **{name: value})
                changed: dict[str, Any] = {key: tuple(items)}
                yield f"{key}[{index}].{name}={value!r}", FULL, replace(FULL, **changed)
    for key in ("resources", "healthcheck"):
        inner = getattr(FULL, key)
        for name, value in changes_inside(inner):
            other = replace(FULL, **{key: replace(inner, **{name: value})})
            yield f"{key}.{name}={value!r}", FULL, other


def changes_inside(inner: Any) -> Iterator[tuple[str, Any]]:
    for one in fields(inner):
        for value in INSIDE[type(inner)].get(one.name, []):
            if isinstance(inner, Mount) and (
                (one.name == "size" and inner.kind != "tmpfs")
                or (one.name == "source" and inner.kind != "bind")
            ):
                continue
            yield one.name, value


def test_no_field_is_forgotten_here() -> None:
    told = {(Service, name) for name in CHANGED} | {
        (owner, name) for owner, names in INSIDE.items() for name in names
    }
    known = told | WITHOUT_MEANING_ELSEWHERE.keys()
    for owner in (Service, *INSIDE):
        assert is_dataclass(owner)
        assert {(owner, one.name) for one in fields(owner)} <= known


@pytest.mark.parametrize("exporter", EXPORTERS)
@pytest.mark.parametrize(
    ("before", "after"), [pytest.param(b, a, id=text) for text, b, a in changes()]
)
def test_what_a_spec_says_is_carried_or_told(
    exporter: Callable[[Pipeline], Exported], before: Service, after: Service
) -> None:
    one, other = exporter(pipeline_of(before)), exporter(pipeline_of(after))
    assert one != other


@pytest.mark.parametrize("exporter", EXPORTERS)
def test_what_volumes_and_networks_say_is_carried_or_told(
    exporter: Callable[[Pipeline], Exported],
) -> None:
    plain = pipeline_of(replace(FULL, networks=("back",)))
    for change in (
        {"volumes": {"data": Volume("data", "other")}},
        {"volumes": {"data": Volume("data", "shop_data", external=True)}},
        {"volumes": {"data": Volume("data", "shop_data", labels={"a": "b"})}},
        {"volumes": {"data": Volume("data", "shop_data", backup_before_upgrade=True)}},
        {"networks": {"back": Network("back", "shop_back", internal=True)}},
        {"networks": {"back": Network("back", "shop_back", labels={"a": "b"})}},
        {"networks": {"back": Network("back", "other")}},
    ):
        changed: dict[str, Any] = change
        assert exporter(replace(plain, **changed)) != exporter(plain), change
