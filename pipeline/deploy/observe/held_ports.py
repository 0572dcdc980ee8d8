"""Which ports of the host are held, and by whom."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

from pipeline.deploy.model.ports import Binding, Held
from pipeline.engine.remote_host import HERE, ContainerHost
from pipeline.engine.sockets import bound
from pipeline.errors import EngineError


def held_ports(
    machine: ContainerHost, others: Iterable[Mapping[str, Any]], lost: Iterable[int]
) -> Held:
    """The ports of a machine that are held, and by whom.

    Args:
        others: containers that are not this pipeline's, as Podman lists them.
        lost: ports that could not be bound though nobody was seen to hold them.
    """
    ports: dict[tuple[str, str, int], str] = {}
    # Where nothing can be looked at, a held port is met when a container starts, as one that was
    # lost just now.
    with suppress(EngineError):
        for one in bound(machine=machine):
            ports[one.protocol, one.address, one.port] = "another program or user"
    for other in others:
        for binding in bindings_of(other):
            who = f"the container {other['Names'][0]}"
            ports[binding.protocol, binding.address, binding.host] = who
    for port in lost:
        ports["tcp", "", port] = ports["udp", "", port] = "another program that took it just now"
    return Held(ports, _first_port(os.environ))


def bindings_of(found: Mapping[str, Any]) -> tuple[Binding, ...]:
    """The published ports of a container, as Podman lists it."""
    return tuple(
        Binding(
            target=port["container_port"] + offset,
            host=port["host_port"] + offset,
            address=port.get("host_ip", ""),
            protocol=port["protocol"],
        )
        for port in found.get("Ports") or ()
        for offset in range(port.get("range", 1))
    )


def _first_port(environ: Mapping[str, str]) -> int:
    """The first port that our own service may bind (ip(7), ip_unprivileged_port_start).

    A service that CONTAINER_HOST names may be root's.
    """
    path = "/proc/sys/net/ipv4/ip_unprivileged_port_start"
    if environ.get("CONTAINER_HOST") or os.getuid() == 0:
        return 0
    return int(HERE.texts([path]).get(path, "0"))
