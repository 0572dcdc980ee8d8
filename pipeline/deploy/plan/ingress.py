"""The ingress: HAProxy in a container of its own in front of a service's replicas (pure).

It is what makes replicas availability. It asks every replica whether it is healthy, goes on to
another one when a request meets a dead one, and takes a new configuration without dropping a
connection: a new worker takes over the listening socket, the old one serves what it has begun.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.deploy.model.desired import DesiredService, digest
from pipeline.deploy.model.ports import Binding
from pipeline.deploy.observe.probe import split_http
from pipeline.deploy.observe.snapshot import ImageFacts
from pipeline.deploy.plan.container_body import compose_labels, mapping, network_body
from pipeline.engine import labels
from pipeline.errors import EngineError
from pipeline.lean_re import lazy_pattern
from pipeline.spec.model import Healthcheck, Pipeline, Service
from pipeline.spec.quantities import whole_seconds

CONFIG_FILE = "/etc/haproxy/capas.cfg"
INSIDE_PORT = 8000
"""What the proxy listens on in its container; above 1024, so that it needs no capability."""
KEEP_ALIVE = 2
"""Seconds that an idle client connection is kept."""

_PLACE = lazy_pattern(r"^(    server \S+ \S+ init-addr )\{([A-Za-z0-9_.-]+)\},none$", re.MULTILINE)
"""Where an address stands: nowhere else, for a path of the spec may hold braces, too."""
_PLAIN = lazy_pattern(r"[A-Za-z0-9/._~?&=:@!,;%+-]+")
_CONFIG = """\
global
    hard-stop-after {grace}s
    maxconn 4096
    stats timeout 5s

defaults
    mode http
    timeout connect 1s
    timeout client 60s
    timeout server 60s
    timeout http-keep-alive {keep_alive}s
    timeout queue 5s
    option http-keep-alive
    # A client that has kept its connection gets its answer from the old worker, with
    # "Connection: close", instead of a connection that is gone.
    option idle-close-on-response

# A replica that starts again may get another address. Until the engine's name server (which
# loses questions while it reloads) has answered, the last one known holds.
resolvers engine
    parse-resolv-conf
    hold valid 1s
    timeout resolve 500ms
    timeout retry 500ms

frontend ingress
    bind :{port}
    default_backend replicas

backend replicas
    balance leastconn
    retries 5
    option redispatch 1
    retry-on conn-failure empty-response response-timeout 503
    # A request that changes something is sent again only if no replica has seen it.
    http-request disable-l7-retry unless METH_GET or METH_HEAD or METH_OPTIONS
    {check}
    default-server check inter {interval}ms fastinter 100ms fall 2 rise 1 observe layer4 \
error-limit 1 on-error mark-down resolvers engine resolve-prefer ipv4
{servers}
"""


def config(desired: DesiredService, replicas: Mapping[str, str]) -> str:
    """The proxy's whole configuration, but for the replicas' addresses.

    Asking for them at the start would hold the proxy up for many seconds when the engine's name
    server is just reloading: `{name}` stands where `with_addresses` puts each.

    Args:
        desired: the service behind the ingress.
        replicas: names in the network of those that get requests, by a name for people.
    """
    ingress = desired.service.ingress
    target = ingress.target if ingress else 0
    check = desired.service.healthcheck
    servers = [
        f"    server {name} {host}:{target} init-addr {{{host}}},none"
        for name, host in replicas.items()
    ]
    return _CONFIG.format(
        grace=max(1, whole_seconds(desired.service.stop_grace_period)),
        keep_alive=KEEP_ALIVE,
        port=INSIDE_PORT,
        check=_check(check),
        interval=min(2000, max(100, round((check.interval if check else 1.0) * 1000))),
        servers="\n".join(servers),
    )


def with_addresses(text: str, addresses: Mapping[str, str]) -> str:
    """The configuration with the addresses that the replicas have now."""
    return _PLACE.sub(lambda match: f"{match[1]}{addresses.get(match[2]) or 'none'},none", text)


def ingress_check(service: Service) -> Healthcheck:
    """How to know that the ingress lets requests through: the replicas' check, sent to it."""
    check = service.healthcheck
    if check is None or check.http is None:
        return Healthcheck(tcp=INSIDE_PORT, interval=0.5, retries=20)
    return Healthcheck(http=f":{INSIDE_PORT}{_path(check.http)}", interval=0.5, retries=20)


def ingress_parts(desired: DesiredService, image: ImageFacts) -> Mapping[str, Any]:
    """What makes the ingress what it is, apart from its configuration file."""
    ingress = desired.service.ingress
    return {
        "image": image.id,
        "port": [ingress.address, ingress.port] if ingress else [],
        "networks": list(desired.networks),
    }


def ingress_body(
    pipeline: Pipeline,
    desired: DesiredService,
    image: ImageFacts,
    name: str,
    numbers: Mapping[str, str],
) -> dict[str, Any]:
    """What the API is sent to create the ingress.

    Args:
        numbers: the labels that say which deploy makes it.
    """
    ingress = desired.service.ingress
    address, port = (ingress.address, ingress.port) if ingress else ("", 0)
    parts = ingress_parts(desired, image)
    config_digest = digest(parts)
    return {
        "name": name,
        "image": image.id,
        "entrypoint": ["haproxy", "-W", "-db", "-f", CONFIG_FILE],
        "command": [],
        "stop_signal": 10,  # SIGUSR1: HAProxy finishes what it has begun, then ends
        "stop_timeout": whole_seconds(desired.service.stop_grace_period),
        "cap_drop": ["ALL"],
        "no_new_privileges": True,
        "restart_policy": "on-failure",
        "healthconfig": {"Test": ["NONE"]},
        "image_volume_mode": "ignore",
        "labels": {
            **compose_labels(pipeline.name, f"{desired.name}-ingress", 1, config_digest),
            labels.PIPELINE: pipeline.name,
            labels.SERVICE: desired.name,
            labels.INGRESS: "haproxy",
            labels.CONFIG: config_digest,
            labels.PARTS: ",".join(f"{k}={digest(v)[:6]}" for k, v in sorted(parts.items())),
            **numbers,
        },
        "portmappings": [mapping(Binding(INSIDE_PORT, port, address))],
        **network_body(desired.networks, [f"{desired.name}-ingress"]),
    }


def workers(processes: Sequence[Mapping[str, str]]) -> frozenset[str]:
    """The process ids of HAProxy's workers: children of the master (haproxy(1), -W)."""
    proxies = [p for p in processes if "haproxy" in p["COMMAND"]]
    ids = {p["PID"] for p in proxies}
    return frozenset(p["PID"] for p in proxies if p["PPID"] in ids)


def _check(check: Healthcheck | None) -> str:
    if check is None or check.http is None:
        return "option tcp-check"
    return f"option httpchk GET {_word(_path(check.http))}"


def _word(text: str) -> str:
    """A text as one word of the proxy's configuration, nothing in it expanded.

    Raises:
        EngineError: it has a line break, which its lines cannot hold.
    """
    if not text.isprintable():
        raise EngineError(f"the ingress's configuration cannot hold {text!r}")
    if _PLAIN.fullmatch(text):
        return text
    quoted = text.replace("'", "'\\''")
    return f"'{quoted}'"


def _path(http: str) -> str:
    return split_http(http)[1]
