"""Why a container cannot be reached although Podman says that it runs: seen by looking.

Podman learns of an end from the container's monitor (conmon), and of nothing else. When that one
was killed, or what forwards a port, Podman goes on saying `running` (or `stopping`). The kernel
knows better: does the process live, is its parent a monitor, has its network an interface, is the
published port bound, and by this user?
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from pipeline.deploy.model.ports import Binding
from pipeline.engine.sockets import BoundSocket, bound
from pipeline.errors import EngineError
from pipeline.lean_dataclasses import dataclass, field, replace

if TYPE_CHECKING:
    from pipeline.engine.podman import PodmanReader
    from pipeline.engine.remote_host import ContainerHost

UP = ("running", "paused", "stopping")
"""States in which Podman believes that there is a process."""
_MONITOR = "conmon"
_FORWARDED = ("tcp", "udp")


class Suspect(Protocol):
    """What Podman says of a container."""

    @property
    def id(self) -> str:
        """Podman's id."""

    @property
    def state(self) -> str:
        """Podman's word for it."""

    @property
    def pid(self) -> int:
        """Its first process."""

    @property
    def bindings(self) -> tuple[Binding, ...]:
        """Its ports on the host."""


@dataclass(frozen=True)
class Fault:
    """Why a container cannot be reached.

    Attributes:
        said: in words.
        ended: no process of it lives.
        lost: Podman cannot start or restart it any more: only a new one helps.
        passing: its monitor lives and may be about to tell Podman.
        taken: its ports that somebody else has now.
    """

    said: str
    ended: bool = False
    lost: bool = False
    passing: bool = False
    taken: tuple[Binding, ...] = ()


@dataclass(frozen=True)
class Looked:
    """The kernel's tables, read once.

    Attributes:
        texts: files of proc(5), by path.
        sockets: what is bound in this machine's network; None when that is not known.
    """

    texts: Mapping[str, str] = field(default_factory=dict)
    sockets: tuple[BoundSocket, ...] | None = None


def find_faults(reader: PodmanReader, suspects: Iterable[Suspect]) -> Mapping[str, Fault]:
    """The faults of those containers that have one, by id; none where nothing can be looked at."""
    up = [one for one in suspects if one.state in UP]
    if not up or not reader.sees_processes():
        return {}
    try:
        looked = _look(reader.machine, up)
    except EngineError:
        return {}
    found: dict[str, Fault] = {}
    for one in up:
        fault = judge(one, looked)
        lost = not _monitored(one, looked) and not _monitor_lives(reader, one)
        if fault and fault.ended:
            found[one.id] = replace(fault, passing=not lost)
        elif lost:
            taken = fault.taken if fault else ()
            found[one.id] = Fault("its monitor (conmon) has ended", lost=True, taken=taken)
        elif fault:
            found[one.id] = fault
    return found


def judge(one: Suspect, looked: Looked) -> Fault | None:
    """What is wrong with a container, apart from its monitor (pure)."""
    if one.pid <= 0 or not _lives(one.pid, looked):
        said = "its processes have ended without Podman noticing"
        return Fault(said, ended=True, lost=True)
    if _is_root(one, looked):  # a rootful Podman forwards ports in the kernel
        return None
    if one.bindings and not _has_network(one.pid, looked):
        return Fault("its network helper has ended")
    if looked.sockets is None:
        return None
    owner = _owner(one, looked)
    closed = [b for b in one.bindings if b.host and b.protocol in _FORWARDED]
    taken = tuple(b for b in closed if _bound(b, looked.sockets, owner) == "others")
    closed = [b for b in closed if _bound(b, looked.sockets, owner) != "ours"]
    if not closed:
        return None
    ports = ", ".join(str(b.host) for b in closed)
    return Fault(f"nothing forwards port {ports} to it", taken=taken)


def _look(machine: ContainerHost, up: Sequence[Suspect]) -> Looked:
    """Read what is needed of these containers.

    Raises:
        EngineError: nothing can be looked at on that machine.
    """
    pids = [one.pid for one in up if one.pid > 0]
    texts = dict(machine.texts([f"/proc/{pid}/status" for pid in pids]))
    parents = {_field(text, "PPid") for text in texts.values()}
    more = [f"/proc/{parent}/status" for parent in sorted(parents)]
    more += [f"/proc/{one.pid}/net/dev" for one in up if one.bindings]
    texts |= machine.texts(more)
    sockets: tuple[BoundSocket, ...] | None = None
    with suppress(FileNotFoundError):
        dead = headless() if machine.here and any(one.bindings for one in up) else frozenset()
        sockets = tuple(s for s in bound(machine=machine) if s.inode not in dead)
    return Looked(texts, sockets)


def headless(proc: Path = Path("/proc")) -> frozenset[str]:
    """Inodes of sockets that a port forwarder holds whose other half has ended.

    Podman's rootlessport listens here, and its child connects inside the container's network:
    without that one every connection is taken and broken off.
    """
    found: set[str] = set()
    for entry in proc.glob("[0-9]*"):
        with suppress(OSError):  # it ended between two looks, or is another user's
            if (entry / "comm").read_text(
                encoding="utf-8", errors="replace"
            ).strip() != "rootlessport":
                continue
            # A parent's threads have the children that each began (proc_pid_task(5)).
            lists = [p.read_text(encoding="utf-8") for p in entry.glob("task/[0-9]*/children")]
            children = " ".join(lists).split()
            if not lists or any(_is_alive(proc / child) for child in children):
                continue
            links = (str(fd.readlink()) for fd in (entry / "fd").iterdir())
            found |= {link[8:-1] for link in links if link.startswith("socket:[")}
    return frozenset(found)


def _is_alive(process: Path) -> bool:
    try:
        status = (process / "status").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return _field(status, "State") not in ("", "Z", "X")


def _lives(pid: int, looked: Looked) -> bool:
    return _field(looked.texts.get(f"/proc/{pid}/status", ""), "State") not in ("", "Z", "X")


def _parent(one: Suspect, looked: Looked) -> str:
    """The status of the process that a container's first process is a child of."""
    parent = _field(looked.texts.get(f"/proc/{one.pid}/status", ""), "PPid")
    return looked.texts.get(f"/proc/{parent}/status", "")


def _monitored(one: Suspect, looked: Looked) -> bool:
    return _field(_parent(one, looked), "Name") == _MONITOR


def _owner(one: Suspect, looked: Looked) -> str:
    """The user whose monitor it is; "" when that is not known."""
    return _field(_parent(one, looked), "Uid") if _monitored(one, looked) else ""


def _is_root(one: Suspect, looked: Looked) -> bool:
    return _owner(one, looked) == "0"


def _has_network(pid: int, looked: Looked) -> bool:
    """Whether there is more than the loopback; the two first lines are headings."""
    text = looked.texts.get(f"/proc/{pid}/net/dev")
    if text is None:
        return True  # not to be read: it is not known
    names = [line.partition(":")[0].strip() for line in text.splitlines()[2:]]
    return any(name not in ("", "lo") for name in names)


def _bound(binding: Binding, sockets: Iterable[BoundSocket], owner: str) -> str:
    """Who has a port: `ours`, `others`, or "" for nobody."""
    found = ""
    for one in sockets:
        if (one.protocol, one.port) == (binding.protocol, binding.host) and binding.meets(
            one.address
        ):
            if not owner or one.user == owner:
                return "ours"
            found = "others"
    return found


def _monitor_lives(reader: PodmanReader, one: Suspect) -> bool:
    """Ask Podman which process its monitor is: another runtime may stand between the two."""
    found = reader.container(one.id)
    pid = found.monitor if found else 0
    text = reader.machine.texts([f"/proc/{pid}/status"]).get(f"/proc/{pid}/status", "")
    return _field(text, "Name") == _MONITOR and _field(text, "State") not in ("Z", "X")


def _field(status: str, name: str) -> str:
    """The first word of a field of proc_pid_status(5), or ""."""
    for line in status.splitlines():
        key, _, value = line.partition(":")
        if key == name:
            return next(iter(value.split()), "")
    return ""
