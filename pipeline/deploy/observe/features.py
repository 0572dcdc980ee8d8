"""What this host's engine can do for containers.

Podman's own answer (`/info`) costs it a third of a second: it asks the package manager who owns
its helpers. For a service of ours on this machine the same is read from the kernel at once; only
a service that `CONTAINER_HOST` names is asked, unless it is seen to run among our own processes.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from pipeline.deploy.observe import remote_probe
from pipeline.errors import EngineError
from pipeline.host.facts import parse_version
from pipeline.host.observe import observe_cgroups
from pipeline.lean_dataclasses import dataclass

if TYPE_CHECKING:
    from pipeline.engine.podman import PodmanReader

_FOLDERS = (
    "/usr/libexec/podman",
    "/usr/lib/podman",
    "/usr/local/libexec/podman",
    "/usr/sbin",
    "/sbin",
)
"""Where Podman looks for its helpers besides the PATH (containers.conf(5), helper_binaries_dir)."""
_FIREWALLS = frozenset({"iptables", "nft"})
_HIDES_SINCE = (5, 3)
"""From here on Podman masks such variables (podman, pull request 23959)."""
_PASTA_SINCE = (5, 0)
"""From here on pasta forwards ports of containers without a named network. It ends too late: Podman
starts such a container again while its port is still held, and gives up (podman, issue 23737)."""

_ONE_SERVER_SINCE = (4, 5)
"""From here on a container is told of its network's name server alone (podman, issue 16172)."""
_HEARS_ALWAYS_SINCE = (5, 1)
"""From here on aardvark-dns is at least 1.11, whose sockets stay when something changes."""


@dataclass(frozen=True)
class Features:
    """What this host's engine can do for containers.

    Attributes:
        limits: controllers it enforces: `memory`, `cpu`, `pids`.
        init: whether a small init can be put in front of the process.
        hides_variables: whether `podman inspect` hides the values of secrets in variables.
        restarts_ports: whether a container outside of named networks gets its published ports back
            when it is started again after a crash.
        deaf_moments: whether a network's name server loses what it is asked while containers join
            and leave.
        two_servers: whether containers ask the host's name server, too, which knows none of ours.
        no_network: why named networks do not work here, or "".
        machine: its name, when it is not this one.
        no_probe: why nothing but the API can be asked there, or "".
    """

    limits: frozenset[str] = frozenset()
    init: bool = False
    hides_variables: bool = False
    restarts_ports: bool = True
    deaf_moments: bool = False
    two_servers: bool = False
    no_network: str = ""
    machine: str = ""
    no_probe: str = ""


def observe_features(reader: PodmanReader, environ: Mapping[str, str] = os.environ) -> Features:
    """What the service behind `reader` can do."""
    machine, no_probe = reader.machine, ""
    if environ.get("CONTAINER_HOST") and not (machine.here and reader.sees_processes()):
        controllers = reader.info().controllers
    else:
        controllers = enforced(os.getuid())
    version = parse_version(reader.version())
    tools = () if machine.here else remote_probe.TOOLS
    try:
        there = machine.programs(("catatonit", *sorted(_FIREWALLS), *tools), _FOLDERS)
        if missing := [tool for tool in tools if tool not in there]:
            no_probe = f"{' and '.join(missing)} is needed there"
    except EngineError as error:
        there = _FIREWALLS  # what cannot be seen is not called missing
        no_probe = error.sentence
    return Features(
        limits=frozenset(controllers),
        init="catatonit" in there,
        hides_variables=version >= _HIDES_SINCE,
        restarts_ports=version < _PASTA_SINCE,
        deaf_moments=version < _HEARS_ALWAYS_SINCE,
        two_servers=version < _ONE_SERVER_SINCE,
        no_network="" if there & _FIREWALLS else _no_network(reader),
        machine=machine.name,
        no_probe=no_probe,
    )


def enforced(uid: int) -> tuple[str, ...]:
    """The controllers whose limits hold for a user's containers; none without cgroups v2."""
    groups = observe_cgroups(uid)
    return groups.controllers if groups.mode == "v2" else ()


def _no_network(reader: PodmanReader) -> str:
    # Netavark calls iptables by name until 1.12 can use nftables; without it the engine says only
    # "No such file or directory".
    if reader.info().network_backend == "netavark":
        return "netavark needs iptables (or nft), and neither is installed"
    return ""
