from __future__ import annotations

import configparser
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.errors import UsageError
from pipeline.export.compose import export_compose
from pipeline.export.exported import Exported, image_reference
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
    Service,
    Version,
    Volume,
)

FOLDER = Path("/p")
VERSIONS = {v: Version("app", v, FOLDER, FOLDER / "Containerfile") for v in ("1.0", "1.1")}
WEB = Service(
    "web",
    "app",
    built_here=True,
    replicas=2,
    command=("serve", "--price=$5 100%", 'say "hi"'),
    environment={"PRICE": "$5", "QUOTE": 'a "b"'},
    ports=(Port(5000, 8080), Port(53, None, "::1", "udp")),
    mounts=(
        Mount("volume", "data", "/data"),
        Mount("volume", "theirs", "/theirs", read_only=True),
        Mount("bind", "/p/conf", "/conf", read_only=True),
        Mount("tmpfs", None, "/tmp", size=1024),
    ),
    networks=("back",),
    depends_on=(Dependency("db", "service_healthy"),),
    healthcheck=Healthcheck(http=":5000/healthz", interval=2),
    resources=Resources(memory=128_000_000, cpus=0.5, pids=100),
    restart="on-failure",
    stop_grace_period=5,
    user="1000",
    read_only=True,
    cap_add=("NET_BIND_SERVICE",),
    ingress=Ingress(80, 5000, "proxy:1"),
)
DB = Service(
    "db",
    "localhost/postgres:15",
    built_here=False,
    networks=("back",),
    healthcheck=Healthcheck(test=("pg_isready", "-q")),
)
PIPELINE = Pipeline(
    "shop",
    FOLDER / "specs" / "shop.toml",
    FOLDER,
    images={"app": Image("app", VERSIONS)},
    services={"web": WEB, "db": DB},
    volumes={
        "data": Volume("data", "shop_data"),
        "theirs": Volume("theirs", "theirs", external=True),
    },
    networks={"back": Network("back", "shop_back", internal=True)},
)


def compose() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(export_compose(PIPELINE).files["compose.yaml"])
    return document


def kubernetes() -> dict[tuple[str, str], dict[str, Any]]:
    documents = yaml.safe_load_all(export_kubernetes(PIPELINE).files["shop.yaml"])
    return {(d["kind"], d["metadata"]["name"]): d for d in documents}


def test_the_wanted_then_the_pinned_then_the_newest_version_runs() -> None:
    assert image_reference(PIPELINE, WEB, None) == "localhost/app:1.1"
    assert image_reference(PIPELINE, WEB, "1.0") == "localhost/app:1.0"
    assert image_reference(PIPELINE, replace(WEB, version="1.0"), None) == "localhost/app:1.0"
    assert image_reference(PIPELINE, DB, "1.0") == "localhost/postgres:15"


@pytest.mark.parametrize("exporter", [export_compose, export_kubernetes, export_quadlet])
def test_a_version_that_nobody_has_is_bad_usage(
    exporter: Callable[[Pipeline, str | None], Exported],
) -> None:
    with pytest.raises(UsageError, match=r"9\.9"):
        exporter(PIPELINE, "9.9")
    assert any("ingress" in note for note in exporter(PIPELINE, None).notes)


def test_no_export_makes_a_grace_below_a_second_a_kill_at_once() -> None:
    web = replace(WEB, stop_grace_period=0.25, ingress=None)
    pipeline = replace(PIPELINE, services={"web": web, "db": DB})
    composed = yaml.safe_load(export_compose(pipeline).files["compose.yaml"])
    assert composed["services"]["web-1"]["stop_grace_period"] == "0.25s"
    units = export_quadlet(pipeline).files
    assert any("PodmanArgs=--stop-timeout=1\n" in text for text in units.values())
    made = yaml.safe_load_all(export_kubernetes(pipeline).files["shop.yaml"])
    pods = [d["spec"]["template"]["spec"] for d in made if d["kind"] == "Deployment"]
    assert 1 in [pod["terminationGracePeriodSeconds"] for pod in pods]
    assert 0 not in [pod["terminationGracePeriodSeconds"] for pod in pods]


def test_compose_says_what_the_spec_says() -> None:
    document = compose()
    web = document["services"]["web-1"]
    assert web["image"] == "localhost/app:1.1"
    assert web["volumes"][0] == {"type": "volume", "source": "data", "target": "/data"}
    assert web["volumes"][2]["read_only"] is True
    assert web["tmpfs"] == ["/tmp:size=1024"]
    assert web["depends_on"] == {"db": {"condition": "service_healthy"}}
    assert web["deploy"]["resources"]["limits"]["pids"] == 100
    assert document["volumes"] == {
        "data": {"name": "shop_data"},
        "theirs": {"external": True, "name": "theirs"},
    }
    assert document["networks"] == {"back": {"name": "shop_back", "internal": True}}
    assert document["services"]["db"]["healthcheck"]["test"] == ["CMD", "pg_isready", "-q"]


def test_compose_gives_each_replica_with_a_port_a_service_of_its_own() -> None:
    first, second = (compose()["services"][f"web-{number}"] for number in (1, 2))
    assert first["ports"] == ["127.0.0.1:8080:5000", "[::1]::53/udp"]
    assert second == {**first, "ports": ["127.0.0.1:8081:5000", "[::1]::53/udp"]}
    assert first["networks"] == {"back": {"aliases": ["web"]}}
    assert "replicas" not in first["deploy"]

    after = replace(DB, name="after", depends_on=(Dependency("web", "service_started"),))
    inside = replace(WEB, name="inside", ports=(Port(5000, None),))
    services = {s.name: s for s in (WEB, DB, after, inside)}
    text = export_compose(replace(PIPELINE, services=services)).files["compose.yaml"]
    told = yaml.safe_load(text)["services"]
    assert set(told) == {"web-1", "web-2", "db", "after", "inside"}
    assert set(told["after"]["depends_on"]) == {"web-1", "web-2"}
    assert told["inside"]["deploy"]["replicas"] == 2

    taken = {s.name: s for s in (WEB, replace(DB, name="web-2"), DB)}
    text = export_compose(replace(PIPELINE, services=taken)).files["compose.yaml"]
    told = yaml.safe_load(text)["services"]
    assert told["web"]["ports"][0] == "127.0.0.1:8080-8081:5000"


def test_compose_expands_nothing_in_what_is_exported() -> None:
    web = compose()["services"]["web-1"]
    assert web["command"][1] == "--price=$$5 100%"
    assert web["environment"]["PRICE"] == "$$5"


def unit(name: str) -> dict[str, list[str]]:
    """The `[Container]` section of a unit, each key with all its values."""
    text = export_quadlet(PIPELINE).files[name]
    section = text.split("[Container]\n")[1].split("\n[")[0]
    found: dict[str, list[str]] = {}
    for line in section.splitlines():
        if line:
            key, value = line.split("=", 1)
            found.setdefault(key, []).append(value)
    return found


def test_quadlet_has_a_unit_for_each_thing() -> None:
    files = export_quadlet(PIPELINE).files
    assert set(files) == {
        "shop-back.network",
        "shop-data.volume",
        "shop-web-1.container",
        "shop-web-2.container",
        "shop-db-1.container",
    }
    assert "Internal=true" in files["shop-back.network"]
    for text in files.values():
        configparser.RawConfigParser(strict=False).read_string(text)


def test_each_replica_of_quadlet_has_its_own_port() -> None:
    assert unit("shop-web-1.container")["PublishPort"][0] == "127.0.0.1:8080:5000"
    assert unit("shop-web-2.container")["PublishPort"] == [
        "127.0.0.1:8081:5000",
        "[::1]::53/udp",
    ]


def test_quadlet_mounts_volumes_by_unit_and_strangers_by_name() -> None:
    found = unit("shop-web-1.container")
    assert found["Volume"] == ["shop-data.volume:/data", "theirs:/theirs:ro", "/p/conf:/conf:ro"]
    assert found["Tmpfs"] == ["/tmp:size=1024"]


def test_quadlet_lets_systemd_expand_nothing() -> None:
    found = unit("shop-web-1.container")
    assert found["Exec"] == ['"serve" "--price=$$5 100%%" "say \\"hi\\""']
    assert found["Environment"] == ['"PRICE=$$5"', '"QUOTE=a \\"b\\""']
    assert found["HealthCmd"] == ["wget -q -O /dev/null http://127.0.0.1:5000/healthz"]


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("pg", "-q"), "CMD pg -q"),
        (("a b", "c"), '["a b", "c"]'),
        (("a", "b\\\\"), '["a", "b\\\\\\\\"]'),
        (("a b",), '["sh", "-c", "exec \\"$$0\\" \\"$$@\\"", "a b"]'),
        (("cmd", "a b"), '["sh", "-c", "exec \\"$$0\\" \\"$$@\\"", "cmd", "a b"]'),
        (("NONE", "a b"), '["sh", "-c", "exec \\"$$0\\" \\"$$@\\"", "NONE", "a b"]'),
    ],
)
def test_a_check_of_quadlet_runs_just_its_words(words: tuple[str, ...], line: str) -> None:
    text = export_quadlet(with_web(healthcheck=Healthcheck(test=words))).files
    assert f"HealthCmd={line}\n" in text["shop-web-1.container"]


def test_quadlet_starts_what_a_service_depends_on() -> None:
    text = export_quadlet(PIPELINE).files["shop-web-2.container"]
    assert "Requires=shop-db-1.service" in text
    assert "After=shop-db-1.service" in text


def test_kubernetes_asks_over_http_as_the_spec_does() -> None:
    pod = kubernetes()[("Deployment", "shop-web")]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert container["readinessProbe"]["httpGet"] == {"port": 5000, "path": "/healthz"}
    assert container["args"] == list(WEB.command or ())
    assert container["resources"] == {"limits": {"memory": "128000000", "cpu": "0.5"}}
    assert container["securityContext"]["runAsUser"] == 1000
    assert container["securityContext"]["capabilities"]["add"] == ["NET_BIND_SERVICE"]
    assert pod["terminationGracePeriodSeconds"] == 5


def test_kubernetes_names_claims_and_services() -> None:
    found = kubernetes()
    assert ("PersistentVolumeClaim", "shop-data") in found
    assert ("PersistentVolumeClaim", "theirs") not in found
    ports = found[("Service", "shop-web")]["spec"]["ports"]
    assert (ports[0]["port"], ports[0]["targetPort"]) == (8080, 5000)
    volumes = found[("Deployment", "shop-web")]["spec"]["template"]["spec"]["volumes"]
    assert volumes[0]["persistentVolumeClaim"] == {"claimName": "shop-data"}
    assert volumes[3]["emptyDir"] == {"medium": "Memory", "sizeLimit": "1024"}
    assert found[("Deployment", "shop-web")]["spec"]["replicas"] == 2
    db = found[("Deployment", "shop-db")]["spec"]["template"]["spec"]["containers"][0]
    assert db["livenessProbe"]["exec"] == {"command": ["pg_isready", "-q"]}


def test_two_names_that_become_one_in_kubernetes_are_refused() -> None:
    services = {name: replace(DB, name=name, networks=()) for name in ("a_b", "a-b")}
    with pytest.raises(UsageError, match="two services would be called shop-a-b"):
        export_kubernetes(replace(PIPELINE, services=services))


def test_a_kubernetes_service_has_each_port_once_under_a_name_of_its_own() -> None:
    ports = (
        Port(5000, 8080),
        Port(5000, 8080, "::1"),
        Port(5000, 9090),
        Port(5000, 8080, protocol="udp"),
        Port(6000),
    )
    documents = yaml.safe_load_all(export_kubernetes(with_web(ports=ports)).files["shop.yaml"])
    (service,) = [d for d in documents if d["kind"] == "Service"]
    told = [
        (p["name"], p["port"], p["targetPort"], p["protocol"]) for p in service["spec"]["ports"]
    ]
    assert told == [
        ("port-5000", 8080, 5000, "TCP"),
        ("tcp-9090", 9090, 5000, "TCP"),
        ("udp-8080", 8080, 5000, "UDP"),
        ("port-6000", 6000, 6000, "TCP"),
    ]


def test_quadlet_lets_a_service_be_found_by_its_name() -> None:
    assert "--network-alias=web" in unit("shop-web-2.container")["PodmanArgs"]


def with_web(**changes: Any) -> Pipeline:
    return replace(PIPELINE, services={"web": replace(WEB, depends_on=(), **changes)})


def test_quadlet_pulls_as_the_spec_says() -> None:
    text = export_quadlet(with_web(pull_policy="always")).files["shop-web-1.container"]
    assert "PodmanArgs=--pull=always\n" in text


def test_kubernetes_runs_as_the_user_and_group_of_the_spec() -> None:
    text = export_kubernetes(with_web(user="1000:1001")).files["shop.yaml"]
    assert "runAsUser: 1000\n" in text
    assert "runAsGroup: 1001\n" in text


def test_kubernetes_pulls_as_the_spec_says() -> None:
    text = export_kubernetes(with_web(pull_policy="never")).files["shop.yaml"]
    assert "imagePullPolicy: Never\n" in text


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"user": "app"}, "user"),
        ({"stop_signal": "SIGINT"}, "stop_signal"),
        ({"resources": Resources(pids=9)}, "pids"),
        ({"restart": "no"}, "restart"),
        ({"profiles": ("batch",)}, "profiles"),
        ({"labels": {"a": "b"}}, "labels"),
    ],
)
def test_kubernetes_tells_what_it_leaves_out(changes: dict[str, Any], word: str) -> None:
    notes = export_kubernetes(with_web(**changes)).notes
    assert any(f"`{word}`" in note for note in notes)


def test_quadlet_tells_that_profiles_start_with_the_rest() -> None:
    assert any("`profiles`" in n for n in export_quadlet(with_web(profiles=("batch",))).notes)


def test_compose_has_no_tables_of_what_there_is_none_of() -> None:
    bare = replace(PIPELINE, volumes={}, networks={}, services={})
    document = yaml.safe_load(export_compose(bare).files["compose.yaml"])
    assert set(document) == {"name", "services"}
