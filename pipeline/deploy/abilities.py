"""What this host's engine can do for containers.

Podman's own answer (`/info`) costs it a third of a second: it asks the package manager who owns
its helpers. For a service of ours on this machine the same is read from the kernel at once; only
a service that `CONTAINER_HOST` names, perhaps on another machine, is asked.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.host.facts import parse_version
from pipeline.host.observe import observe_cgroups

if TYPE_CHECKING:
    from pipeline.engine.podman import Reader

_INIT_FOLDERS = ("/usr/libexec/podman", "/usr/lib/podman", "/usr/local/libexec/podman")
"""Where Podman looks for its init (containers.conf(5), helper_binaries_dir)."""
_HIDES_SINCE = (5, 3)
"""From here on Podman masks such variables (podman, pull request 23959)."""
_PASTA_SINCE = (5, 0)
"""From here on pasta forwards ports of containers without a named network. It ends too late: Podman
starts such a container again while its port is still held, and gives up (podman, issue 23737)."""
_FIREWALL_PATH = "/usr/sbin:/sbin:/usr/bin:/bin"


@dataclass(frozen=True)
class Abilities:
    """What this host's engine can do for containers.

    Attributes:
        limits: controllers it enforces: `memory`, `cpu`, `pids`.
        init: whether a small init can be put in front of the process.
        hides_variables: whether `podman inspect` hides the values of secrets in variables.
        restarts_ports: whether a container outside of named networks gets its published ports back
            when it is started again after a crash.
        no_network: why named networks do not work here, or "".
    """

    limits: frozenset[str] = frozenset()
    init: bool = False
    hides_variables: bool = False
    restarts_ports: bool = True
    no_network: str = ""


def observe_abilities(reader: Reader, environ: Mapping[str, str] = os.environ) -> Abilities:
    """What the service behind `reader` can do."""
    if environ.get("CONTAINER_HOST"):
        controllers = reader.info()["host"].get("cgroupControllers") or ()
    else:
        controllers = enforced(os.getuid())
    version = parse_version(reader.version())
    return Abilities(
        limits=frozenset(controllers),
        init=_has_init(),
        hides_variables=version >= _HIDES_SINCE,
        restarts_ports=version < _PASTA_SINCE,
        no_network=_no_network(reader),
    )


def enforced(uid: int) -> tuple[str, ...]:
    """The controllers whose limits hold for a user's containers; none without cgroups v2."""
    groups = observe_cgroups(uid)
    return groups.controllers if groups.mode == "v2" else ()


def _has_init() -> bool:
    found = any(Path(folder, "catatonit").exists() for folder in _INIT_FOLDERS)
    return found or shutil.which("catatonit") is not None


def _no_network(reader: Reader) -> str:
    # Netavark calls iptables by name until 1.12 can use nftables; without it the engine says only
    # "No such file or directory".
    if any(shutil.which(name, path=_FIREWALL_PATH) for name in ("iptables", "nft")):
        return ""
    host: Mapping[str, Any] = reader.info()["host"]
    if host.get("networkBackend") == "netavark":
        return "netavark needs iptables (or nft), and neither is installed"
    return ""
