"""Each field of what a spec describes, with other values than those of one whole pipeline."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

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
    Secret,
    SecretMount,
    Service,
    Version,
    Volume,
)

FOLDER = Path("/p")
VERSIONS = {v: Version("app", v, FOLDER, FOLDER / "Containerfile") for v in ("1.0", "1.1")}
DB = Service("db", "app", built_here=True, healthcheck=Healthcheck(tcp=5))
WEB = Service(
    "web",
    "app",
    built_here=True,
    ports=(Port(5000, 8090, strict=True), Port(5001, 8080)),
    mounts=(
        Mount("volume", "data", "/data"),
        Mount("bind", "/p/conf", "/conf"),
        Mount("tmpfs", None, "/tmp", size=4096),
    ),
    networks=("back",),
    depends_on=(Dependency("db"),),
    healthcheck=Healthcheck(http=":5000/x"),
    resources=Resources(memory=1024, cpus=0.5, pids=9),
    secrets=(SecretMount("token", "token"), SecretMount("token", "TOKEN", "env", visible=True)),
    ingress=Ingress(8070, 5000, "docker.io/library/haproxy:3"),
)
PIPELINE = Pipeline(
    "shop",
    FOLDER / "specs" / "shop.toml",
    FOLDER,
    images={"app": Image("app", VERSIONS)},
    services={"db": DB, "web": WEB},
    volumes={"data": Volume("data", "shop_data"), "more": Volume("more", "shop_more")},
    networks={
        "back": Network("back", "shop_back"),
        "front": Network("front", "shop_front"),
        "default": Network("default", "shop_default"),
    },
    secrets={
        "token": Secret("token", "shop_token", environment="TOKEN"),
        "key": Secret("key", "shop_key", environment="OTHER"),
    },
)
HAPROXY = "docker.io/library/haproxy:2"

SAMPLES: Mapping[type, Mapping[str, tuple[Any, ...]]] = {
    Service: {
        "name": ("other",),
        "image": (),
        "built_here": (),
        "version": ("1.0",),
        "replicas": (0, 2),
        "command": (("a", "b"), ()),
        "entrypoint": (("a", "b"), ()),
        "environment": ({"A": "b"},),
        "ports": ((),),
        "mounts": ((),),
        "networks": ((), ("front",)),
        "depends_on": ((),),
        "healthcheck": (None, Healthcheck(test=("a",)), Healthcheck(tcp=7)),
        "resources": (Resources(),),
        "restart": ("on-failure", "always", "unless-stopped"),
        "stop_signal": ("SIGINT",),
        "stop_grace_period": (0.4, 1.4, 30.0, 1e6),
        "user": ("1000", "app", "1000:1000", "app:app"),
        "read_only": (True,),
        "cap_add": (("CHOWN",),),
        "secrets": ((),),
        "profiles": (("debug",),),
        "pull_policy": ("always", "never"),
        "labels": ({"a": "b"},),
        "ingress": (None,),
    },
    Port: {
        "target": (5009,),
        "published": (None, 8091),
        "address": ("0.0.0.0", "::1"),
        "protocol": ("udp",),
        "strict": (True,),
    },
    Mount: {
        "kind": (),
        "source": ("/p/a:b", "/p/a b", "more"),
        "target": ("/x", "/x:y", "/x,y", "/x y"),
        "read_only": (True,),
        "size": (None, 8192),
        "allow_outside_project": (True,),
    },
    Dependency: {
        "service": ("third",),
        "condition": ("service_healthy", "service_completed_successfully"),
    },
    Healthcheck: {
        "http": (":5001/", ":5000/a#b"),
        "tcp": (),
        "test": (),
        "interval": (0.5, 2.0),
        "timeout": (0.5, 9.0),
        "start_period": (0.5, 9.0),
        "retries": (3,),
    },
    Resources: {
        "memory": (None, 2048),
        "cpus": (None, 0.1234567),
        "pids": (None, 10),
        "optional": (True,),
    },
    SecretMount: {
        "source": ("key",),
        "target": ("x",),
        "kind": (),
        "visible": (False,),
    },
    Ingress: {
        "port": (8071,),
        "target": (5001,),
        "image": (HAPROXY,),
        "address": ("0.0.0.0",),
    },
    Volume: {
        "name": (),
        "engine_name": ("other",),
        "external": (True,),
        "labels": ({"a": "b"},),
        "backup_before_upgrade": (True,),
        "exclusive": (True,),
    },
    Network: {
        "name": (),
        "engine_name": ("other",),
        "internal": (True,),
        "labels": ({"a": "b"},),
    },
    Secret: {
        "name": (),
        "engine_name": ("other",),
        "file": (Path("/p/token"),),
        "environment": ("OTHER",),
        "dotenv": (Path("/p/.env"),),
        "allow_outside_project": (True,),
    },
}
"""Other values of each field. Of one without any, the table says why it is not tried."""


ELSEWHERE = replace(WEB, image="docker.io/library/redis:7", built_here=False)


ALONE = replace(PIPELINE, services={"db": DB, "web": replace(WEB, ports=())})
"""Behind its ingress alone, so that an old container may serve while a new one starts."""


def before(owner: type, name: str) -> Pipeline:
    """What the other values of a field are compared with."""
    if (owner, name) == (Volume, "exclusive"):
        return ALONE
    if owner in (Volume, Network, Secret):
        return PIPELINE
    return with_service(ELSEWHERE if name == "pull_policy" else WEB)


def variants() -> Iterator[tuple[type, str, str, Pipeline]]:
    """A pipeline for each other value: of which class and field, and what was changed, in words."""
    for name, values in SAMPLES[Service].items():
        for value in values:
            start = ELSEWHERE if name == "pull_policy" else WEB
            yield Service, name, repr(value), with_service(_with(start, name, value))
    yield Service, "image", "another", with_service(ELSEWHERE)
    for several in ("ports", "mounts", "depends_on", "secrets"):
        items = getattr(WEB, several)
        for index, inner in enumerate(items):
            for name, value in _inside(inner):
                others = (*items[:index], _with(inner, name, value), *items[index + 1 :])
                what = f"{several}[{index}]: {value!r}"
                yield type(inner), name, what, with_service(_with(WEB, several, others))
    for single in ("healthcheck", "resources", "ingress"):
        inner = getattr(WEB, single)
        for name, value in _inside(inner):
            web = _with(WEB, single, _with(inner, name, value))
            yield type(inner), name, repr(value), with_service(web)
    for kind, key in (
        ("volumes", "data"),
        ("networks", "back"),
        ("networks", "default"),
        ("secrets", "token"),
    ):
        things = getattr(PIPELINE, kind)
        owner = type(things[key])
        for name, value in _inside(things[key]):
            changed = {**things, key: _with(things[key], name, value)}
            yield owner, name, f"{key}: {value!r}", _with(before(owner, name), kind, changed)


def _with(one: Any, name: str, value: Any) -> Any:
    return replace(one, **{name: value})


def with_service(web: Service) -> Pipeline:
    """The pipeline with another service `web`, and one more that it may depend on."""
    services = {"db": DB, "third": replace(DB, name="third"), web.name: web}
    return replace(PIPELINE, services=services)


def _inside(inner: Any) -> Iterator[tuple[str, Any]]:
    for name, values in SAMPLES[type(inner)].items():
        for value in values:
            if isinstance(inner, Mount):
                kinds = {"size": "tmpfs", "source": "volume" if value == "more" else "bind"}
                if inner.kind != kinds.get(name, inner.kind):
                    continue
            if getattr(inner, name) == value:
                continue
            if isinstance(inner, SecretMount) and (inner.kind == "env") != (name == "visible"):
                continue
            yield name, value
