"""Bound sockets and namespaces of processes, from the kernel's own tables (proc(5))."""

from __future__ import annotations

import ipaddress
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from pipeline.engine.remote_host import HERE, ContainerHost
from pipeline.lean_dataclasses import dataclass

_BOUND: Mapping[str, str] = {"tcp": "0A", "udp": "07"}
"""Protocol to the state of a socket that something can come in through: listening, or bound."""


@dataclass(frozen=True)
class BoundSocket:
    """A socket that waits for others.

    Attributes:
        protocol: `tcp` or `udp`.
        inode: the number by which /proc/PID/fd knows it.
        user: the number of the user who made it.
    """

    protocol: str
    address: str
    port: int
    inode: str
    user: str = ""


def bound(process: int | None = None, machine: ContainerHost = HERE) -> Iterator[BoundSocket]:
    """All of a namespace, IPv4 and IPv6.

    Args:
        process: any process of the namespace; None for our own.
        machine: whose process it is.

    Raises:
        FileNotFoundError: the process has ended.
        EngineError: nothing can be looked at on that machine.
    """
    folder = Path("/proc", "self" if process is None else str(process), "net")
    wanted = {
        str(folder / f"{protocol}{six}"): protocol for protocol in _BOUND for six in ("", "6")
    }
    texts = machine.texts(wanted)
    if str(folder / "tcp") not in texts:  # a kernel without IPv6 has no tcp6
        raise FileNotFoundError(folder)
    for path, text in texts.items():
        yield from parse(wanted[path], text)


def listening(
    process: int | None = None, machine: ContainerHost = HERE
) -> dict[int, frozenset[str]]:
    """TCP ports that are listened on, each with the inodes of its sockets.

    Args:
        process: any process of the namespace; None for our own.
        machine: whose process it is.

    Raises:
        FileNotFoundError: the process has ended.
        EngineError: nothing can be looked at on that machine.
    """
    found: dict[int, frozenset[str]] = {}
    for one in bound(process, machine):
        if one.protocol == "tcp":
            found[one.port] = found.get(one.port, frozenset()) | {one.inode}
    return found


def namespaces(process: int, kinds: Iterable[str]) -> dict[str, str]:
    """The namespaces that a process lives in, such as `net:[4026531840]`.

    Raises:
        FileNotFoundError: the process has ended.
        PermissionError: it belongs to somebody else.
    """
    return {kind: str(Path(f"/proc/{process}/ns/{kind}").readlink()) for kind in kinds}


def parent(process: int, machine: ContainerHost = HERE) -> int:
    """The process that a process is a child of (PPid of proc_pid_status(5)).

    Args:
        machine: whose process it is.

    Raises:
        FileNotFoundError: the process has ended.
        EngineError: nothing can be looked at on that machine.
    """
    path = f"/proc/{process}/status"
    status = machine.texts([path]).get(path)
    if status is None:
        raise FileNotFoundError(path)
    return int(status.partition("PPid:")[2].split(maxsplit=1)[0])


def started(process: int) -> float:
    """When a living process of this machine began, in seconds since the epoch.

    Raises:
        FileNotFoundError: it has ended, also when nobody has asked for its exit code yet.
    """
    path = Path("/proc", str(process), "stat")
    try:
        # The name stands in brackets and may hold anything (proc_pid_stat(5)).
        fields = path.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except ProcessLookupError:
        raise FileNotFoundError(path) from None
    if fields[0] in ("Z", "X"):
        raise FileNotFoundError(path)
    age = time.clock_gettime(time.CLOCK_BOOTTIME) - int(fields[19]) / os.sysconf("SC_CLK_TCK")
    return time.time() - age


def parse(protocol: str, table: str) -> Iterator[BoundSocket]:
    """The bound sockets in the text of /proc/net/tcp, tcp6, udp or udp6."""
    for line in table.splitlines()[1:]:
        fields = line.split()
        if len(fields) > 9 and fields[3] == _BOUND[protocol]:
            address, port = fields[1].split(":")
            yield BoundSocket(protocol, _address(address), int(port, 16), fields[9], fields[7])


def _address(text: str) -> str:
    """An address of the table: hexadecimal words in the machine's byte order."""
    words = [bytes.fromhex(text[i : i + 8])[::-1] for i in range(0, len(text), 8)]
    address = ipaddress.ip_address(b"".join(words))
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)
