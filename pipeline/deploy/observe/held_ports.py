"""Which ports of the host are held, and by whom."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress

from pipeline.deploy.model.ports import Binding, Held
from pipeline.engine.inspected import ListedContainer
from pipeline.engine.remote_host import HERE, ContainerHost
from pipeline.engine.sockets import bound
from pipeline.errors import EngineError


def held_ports(
    machine: ContainerHost, others: Iterable[ListedContainer], lost: Iterable[int]
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
            who = f"the container {other.name}"
            ports[binding.protocol, binding.address, binding.host] = who
    for port in lost:
        ports["tcp", "", port] = ports["udp", "", port] = "another program that took it just now"
    return Held(ports, _first_port(os.environ))


def bindings_of(found: ListedContainer) -> tuple[Binding, ...]:
    """The published ports of a container."""
    return tuple(Binding(one.target, one.host, one.address, one.protocol) for one in found.ports)


def _first_port(environ: Mapping[str, str]) -> int:
    """The first port that our own service may bind (ip(7), ip_unprivileged_port_start).

    A service that CONTAINER_HOST names may be root's.
    """
    path = "/proc/sys/net/ipv4/ip_unprivileged_port_start"
    if environ.get("CONTAINER_HOST") or os.getuid() == 0:
        return 0
    return int(HERE.texts([path]).get(path, "0"))
