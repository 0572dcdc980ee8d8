"""What old engines need so that names are found, and that new ones are left alone."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from pipeline.deploy.apply import bridge
from pipeline.deploy.apply.network_names import keep_reached, with_gateways
from pipeline.deploy.observe.features import Features
from pipeline.deploy.plan.name_servers import resolver
from pipeline.engine.inspected import InspectedContainer, ListedNetwork, Subnet
from pipeline.engine.podman import PodmanReader
from pipeline.errors import EngineError

NETWORKS = [
    ListedNetwork(
        "p_default",
        {},
        "podman1",
        (Subnet("fd00::/64"), Subnet("10.89.0.0/24", "10.89.0.1")),
    ),
    ListedNetwork("tiny", {}, "podman4", (Subnet("10.9.0.0/30", "10.9.0.1"),)),
    ListedNetwork("odd", {}, "podman5", (Subnet("-", "10.9.0.1"),)),
    ListedNetwork("inner", {}, "podman2", (Subnet(),)),
    ListedNetwork("other", {}, "podman3"),
]
RUN_ROOT = "/run/user/1000/containers"
PID_FILE = f"{RUN_ROOT}/networks/aardvark-dns/aardvark.pid"


class Machine:
    here = True

    def __init__(self, texts: Mapping[str, str], *, refuses: bool = False) -> None:
        self._texts = texts
        self._refuses = refuses
        self.ran: list[Sequence[str]] = []

    def texts(self, paths: Iterable[str]) -> dict[str, str]:
        return {path: self._texts[path] for path in paths if path in self._texts}

    def run(self, argv: Sequence[str], *, text: str) -> None:
        assert "keep_address" in text
        self.ran.append(argv)
        if self._refuses:
            raise EngineError("nsenter is not installed")


class Engine:
    def __init__(self, version: str, machine: Machine, **found: Any) -> None:
        self.machine = machine
        self._version = version
        self._found = found

    def version(self) -> str:
        return self._version

    def networks(self) -> list[ListedNetwork]:
        return NETWORKS

    def container(self, _name: str) -> InspectedContainer:
        found = InspectedContainer(
            pid_file=f"{RUN_ROOT}/overlay-containers/{'a' * 64}/userdata/pidfile",
            addresses={"p_default": "", "other": ""},
        )
        return replace(found, **self._found)


def entered(version: str = "4.3.1", pid: str = "77\n", **found: Any) -> list[Sequence[str]]:
    """The programs that were run inside the namespace of the bridges."""
    machine = Machine({PID_FILE: pid} if pid else {})
    keep_reached("p-web-1", cast("PodmanReader", Engine(version, machine, **found)))
    return machine.ran


def test_bridges_of_a_started_container_keep_their_addresses() -> None:
    (argv,) = entered()
    assert argv[4] == "77"
    assert argv[6:] == ["podman1", "podman3"]
    assert len(entered("4.9.3")) == 1


@pytest.mark.parametrize(
    ("version", "pid", "found"),
    [
        ("5.0.0", "77", {}),  # netavark does it itself
        ("4.3.1", "", {}),  # nobody serves names
        ("4.3.1", "no number", {}),
        ("4.3.1", "77", {"addresses": {}}),
        ("4.3.1", "77", {"addresses": {"gone": ""}}),
        ("4.3.1", "77", {"pid_file": ""}),
        ("4.3.1", "77", {"pid_file": "/x"}),
    ],
)
def test_nothing_is_entered_without_need(version: str, pid: str, found: Any) -> None:
    assert entered(version, pid, **found) == []


def test_a_host_where_it_cannot_be_done_starts_containers_all_the_same() -> None:
    machine = Machine({PID_FILE: "77"}, refuses=True)
    keep_reached("p-web-1", cast("PodmanReader", Engine("4.3.1", machine)))
    assert len(machine.ran) == 1


def told(networks: Sequence[str], able: Features) -> Mapping[str, Any]:
    """What the engine is told of a container on these networks."""
    body = {"name": "x", **resolver(networks, able)}
    return with_gateways(body, cast("PodmanReader", Engine("4.3.1", Machine({}))))


def test_only_old_engines_are_told_of_name_servers() -> None:
    old = Features(deaf_moments=True, two_servers=True)
    assert told(["p_default"], old) == {
        "name": "x",
        "dns_option": ["timeout:1", "attempts:5"],
        "dns_server": ["10.89.0.1", "10.89.0.254"],
        "dns_search": ["dns.podman"],
    }
    both = told(["tiny", "p_default"], old)
    assert both["dns_server"] == ["10.9.0.1", "10.89.0.1"]  # too small for one that nobody has
    assert told(["odd"], old)["dns_server"] == ["10.9.0.1"]
    assert list(resolver(["p_default"], Features(deaf_moments=True))) == ["dns_option"]
    assert resolver(["p_default"], Features()) == {}
    assert resolver([], old) == {}


@pytest.mark.parametrize("networks", [["inner"], ["p_default", "other"], ["gone"]])
def test_a_network_without_a_server_leaves_the_engines_choice(networks: list[str]) -> None:
    old = Features(deaf_moments=True, two_servers=True)
    assert told(networks, old) == {"name": "x", "dns_option": ["timeout:1", "attempts:5"]}


def test_the_program_that_is_run_inside_needs_nothing_of_ours() -> None:
    done = subprocess.run(
        ["python3", "-I", "-S", "-", "no-such-device"],
        input=Path(bridge.__file__).read_text(encoding="utf-8"),
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert "No such device" in done.stderr
