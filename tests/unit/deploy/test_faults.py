"""What is wrong with a container that Podman believes to run, by the kernel's own tables."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import pytest

from pipeline.deploy.model.ports import Binding
from pipeline.deploy.observe.faults import Looked, find_faults, headless, judge
from pipeline.deploy.observe.snapshot import Container
from pipeline.engine.inspected import InspectedContainer
from pipeline.engine.podman import PodmanReader
from pipeline.engine.remote_host import ContainerHost
from pipeline.engine.sockets import BoundSocket

PORT = Binding(5000, 8080, "127.0.0.1")
OURS = BoundSocket("tcp", "127.0.0.1", 8080, "1", "1000")
NETWORK = "Inter-|\n face |\n    lo: 0\n  tap0: 0\n"
ALONE = "Inter-|\n face |\n    lo: 0\n"


def status(name: str, parent: int, *, state: str = "S (sleeping)", user: int = 1000) -> str:
    return f"Name:\t{name}\nState:\t{state}\nPPid:\t{parent}\nUid:\t{user}\t{user}\n"


def looked(
    *, parent: str = "conmon", network: str = NETWORK, sockets: Any = (OURS,), **first: Any
) -> Looked:
    texts = {
        "/proc/20/status": status("python3", 10, **first),
        "/proc/10/status": status(parent, 1),
        "/proc/20/net/dev": network,
    }
    return Looked(texts, sockets)


def container(**more: Any) -> Container:
    given = {"state": "running", "bindings": (PORT,), "pid": 20, **more}
    return Container("c1", "shop-web-1", "web", 1, **given)


def said(fault: Any) -> str:
    return fault.said if fault else ""


def test_one_that_is_whole_has_no_fault() -> None:
    assert judge(container(), looked()) is None


def test_a_process_that_is_gone_or_only_waits_to_be_buried_has_ended() -> None:
    for table in (Looked(), looked(state="Z (zombie)")):
        for state in ("running", "stopping", "paused"):
            fault = judge(container(state=state), table)
            assert fault is not None
            assert (fault.ended, fault.lost) == (True, True)


def test_a_pid_of_zero_has_ended() -> None:
    fault = judge(container(pid=0), looked())
    assert fault is not None
    assert fault.ended


@pytest.mark.parametrize(
    ("binding", "socket"),
    [
        (PORT, OURS),
        (Binding(5000, 8080, ""), BoundSocket("tcp", "::", 8080, "1", "1000")),
        (Binding(5000, 8080, "0.0.0.0"), BoundSocket("tcp", "0.0.0.0", 8080, "1", "1000")),
        (Binding(53, 5353, "", "udp"), BoundSocket("udp", "0.0.0.0", 5353, "1", "1000")),
    ],
)
def test_a_port_is_forwarded_when_it_is_bound(binding: Binding, socket: BoundSocket) -> None:
    assert judge(container(bindings=(binding,)), looked(sockets=(socket,))) is None


def test_a_port_that_is_not_bound_is_told() -> None:
    other = BoundSocket("udp", "127.0.0.1", 8080, "1", "1000")
    for sockets in ((), (other,), (BoundSocket("tcp", "127.0.0.2", 8080, "1", "1000"),)):
        fault = judge(container(), looked(sockets=sockets))
        assert said(fault) == "nothing forwards port 8080 to it"
        assert fault is not None
        assert (fault.ended, fault.lost, fault.taken) == (False, False, ())


def test_a_port_that_another_user_has_taken_since_is_not_its_own() -> None:
    theirs = BoundSocket("tcp", "127.0.0.1", 8080, "1", "1001")
    fault = judge(container(), looked(sockets=(theirs,)))
    assert said(fault) == "nothing forwards port 8080 to it"
    assert fault is not None
    assert fault.taken == (PORT,)


def test_a_port_that_the_engine_chose_is_looked_for_where_it_is_known() -> None:
    assert judge(container(bindings=(Binding(5000, 0, ""),)), looked(sockets=())) is None


def test_a_network_of_its_own_without_an_interface_is_told() -> None:
    fault = judge(container(), looked(network=ALONE))
    assert said(fault) == "its network helper has ended"


def test_one_without_ports_may_have_no_network() -> None:
    assert judge(container(bindings=()), looked(network=ALONE, sockets=())) is None


def test_a_rootful_engine_forwards_in_the_kernel() -> None:
    texts = dict(looked().texts)
    texts["/proc/10/status"] = status("conmon", 1, user=0)
    assert judge(container(), Looked(texts, ())) is None


class Podman:
    """As much of a reader as a look needs."""

    def __init__(self, machine: ContainerHost, monitor: int = 0, *, sees: bool = True) -> None:
        self.machine = machine
        self._monitor = monitor
        self._sees = sees

    def sees_processes(self) -> bool:
        return self._sees

    def container(self, _name: str) -> InspectedContainer:
        return InspectedContainer(monitor=self._monitor)


class Kernel(ContainerHost):
    """A machine with these files."""

    files: Mapping[str, str] = {}

    def texts(self, paths: Any) -> Mapping[str, str]:
        return {path: self.files[path] for path in paths if path in self.files}


def find(table: Looked, *containers: Container, **podman: Any) -> Mapping[str, Any]:
    machine = Kernel()
    object.__setattr__(machine, "files", {**table.texts, "/proc/self/net/tcp": "\n"})
    return find_faults(cast("PodmanReader", Podman(machine, **podman)), containers)


def test_a_monitor_that_has_ended_makes_it_lost() -> None:
    orphan = looked(parent="systemd")
    (fault,) = find(orphan, container(bindings=())).values()
    assert (fault.said, fault.lost, fault.ended) == ("its monitor (conmon) has ended", True, False)


def test_another_parent_is_none_when_podman_knows_a_monitor_that_lives() -> None:
    texts = {**looked(parent="shim").texts, "/proc/30/status": status("conmon", 1)}
    assert find(Looked(texts), container(bindings=()), monitor=30) == {}


def test_an_end_that_a_living_monitor_may_tell_passes() -> None:
    texts = {"/proc/30/status": status("conmon", 1)}
    (fault,) = find(Looked(texts), container(), monitor=30).values()
    assert fault.passing
    (fault,) = find(Looked(), container(), monitor=30).values()
    assert not fault.passing


def test_nothing_is_a_fault_where_processes_cannot_be_seen() -> None:
    assert find(Looked(), container(), sees=False) == {}


def test_one_that_does_not_run_has_no_fault() -> None:
    for state in ("exited", "created", "stopped"):
        assert find(Looked(), container(state=state)) == {}


def forwarder(proc: Path, pid: int, *children: int, inode: str = "77") -> None:
    folder = proc / str(pid)
    (folder / "task" / str(pid)).mkdir(parents=True)
    (folder / "comm").write_text("rootlessport\n")
    (folder / "task" / str(pid) / "children").write_text(" ".join(map(str, children)))
    (folder / "fd").mkdir()
    (folder / "fd" / "3").symlink_to(f"socket:[{inode}]")


def test_a_forwarder_without_its_other_half_forwards_nothing(tmp_path: Path) -> None:
    forwarder(tmp_path, 1, 2, inode="71")
    forwarder(tmp_path, 3, 4, inode="73")
    forwarder(tmp_path, 5, inode="75")
    for pid, state in ((2, "S (sleeping)"), (4, "Z (zombie)")):
        (tmp_path / str(pid)).mkdir()
        (tmp_path / str(pid) / "status").write_text(status("exe", 1, state=state))
    assert headless(tmp_path) == {"73", "75"}
