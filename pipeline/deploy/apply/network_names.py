"""Names on private networks, for engines that lose them when containers join or leave.

Three faults of old engines, each mended where it is (docs/decisions/0027): netavark before 1.9
leaves a bridge the lowest of its members' hardware addresses, so that it changes and nobody
reaches the name server for up to a minute; Podman before 4.5 names the host's name server beside
the network's, which says of every name of ours that there is none; aardvark-dns before 1.11 hears
nothing for a moment at each change, and a resolver asks again after five seconds.
"""

from __future__ import annotations

import ipaddress
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.deploy.apply import bridge
from pipeline.deploy.plan.name_servers import GATEWAY
from pipeline.engine.inspected import Subnet
from pipeline.errors import EngineError
from pipeline.host.facts import parse_version

if TYPE_CHECKING:
    from pipeline.engine.inspected import InspectedContainer, ListedNetwork
    from pipeline.engine.podman import PodmanReader
    from pipeline.host.facts import Version

_KEEPS_ADDRESS: Version = (5, 0)
"""From this Podman on netavark is at least 1.10 (its release notes); before, it may be 1.4."""
_ENTER = """
pid=$1 python=$2; shift 2
[ /proc/self/ns/user -ef "/proc/$pid/ns/user" ] || user=--user
exec nsenter --preserve-credentials $user --net --target "$pid" "$python" -I -S - "$@"
"""


def with_gateways(body: Mapping[str, Any], reader: PodmanReader) -> Mapping[str, Any]:
    """The body of a container with the addresses of its networks in place of their names.

    Where a network has none, the engine's own choice of servers stays.
    """
    asked = [one.removeprefix(GATEWAY) for one in body.get("dns_server") or ()]
    if not asked:
        return body
    there = {one.name: one for one in reader.networks()}
    subnets = [_subnet(there.get(name)) for name in asked]
    if all(one.gateway for one in subnets):
        servers = [one.gateway for one in subnets]
        return {**body, "dns_server": [*servers, *_nobody(subnets[0].subnet)]}
    return {key: value for key, value in body.items() if key not in ("dns_server", "dns_search")}


def keep_reached(name: str, reader: PodmanReader) -> None:
    """See to it that the networks of a container that was started keep their hardware addresses.

    What cannot be done is left: names then fail for a while, as they do without us.
    """
    if parse_version(reader.version()) >= _KEEPS_ADDRESS:
        return
    found = reader.container(name)
    if found is None or not found.addresses:
        return
    bridges = [one.interface for one in reader.networks() if one.name in found.addresses]
    with suppress(EngineError):
        _keep(reader, found, [one for one in bridges if one])


def _keep(reader: PodmanReader, found: InspectedContainer, bridges: Sequence[str]) -> None:
    # The name server lives in the network namespace of the bridges, and its number lies below the
    # run root, as the one of the container's process does.
    run_root = [*Path(found.pid_file).parents, Path("/")][3:4]
    file = str(Path(*run_root, "networks/aardvark-dns/aardvark.pid"))
    pid = reader.machine.texts([file]).get(file, "").strip()
    if not pid.isdecimal() or not bridges:
        return
    python = sys.executable if reader.machine.here else "python3"
    script = Path(bridge.__file__).read_text(encoding="utf-8")
    reader.machine.run(["sh", "-c", _ENTER, "sh", pid, python, *bridges], text=script)


def _subnet(network: ListedNetwork | None) -> Subnet:
    """The subnet with a gateway, at which the name server listens; empty when there is none."""
    subnets = network.subnets if network else ()
    return next((one for one in subnets if one.gateway), Subnet())


def _nobody(subnet: str) -> list[str]:
    """An address of a network that nobody has, for a second name server.

    While the first one's socket is closed, the kernel refuses a question at once, and resolvers
    ask the next server and the first again within a millisecond, then give up. One that is silent
    makes them wait for `timeout` before. What is asked of it leaves the network never; when a
    container gets this address at last, there is a refusal again, as without it.
    """
    try:
        network = ipaddress.ip_network(subnet)
    except ValueError:
        return []
    return [str(network[-2])] if network.version == 4 and network.num_addresses > 8 else []
