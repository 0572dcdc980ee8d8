"""Listening TCP sockets of a network namespace, from the kernel's own tables (proc(5))."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

_LISTEN = "0A"


def listening(process: int | None = None) -> dict[int, frozenset[str]]:
    """Ports that are listened on, each with the inodes of its sockets.

    Args:
        process: any process of the namespace; None for our own.

    Raises:
        FileNotFoundError: the process has ended.
    """
    folder = Path("/proc", "self" if process is None else str(process), "net")
    found: dict[int, frozenset[str]] = {}
    for name in ("tcp", "tcp6"):
        path = folder / name
        if name == "tcp6" and not path.exists():  # a kernel without IPv6
            continue
        for port, inode in parse(path.read_text(encoding="ascii").splitlines()):
            found[port] = found.get(port, frozenset()) | {inode}
    return found


def namespaces(process: int, kinds: Iterable[str]) -> dict[str, str]:
    """The namespaces that a process lives in, such as `net:[4026531840]`.

    Raises:
        FileNotFoundError: the process has ended.
        PermissionError: it belongs to somebody else.
    """
    return {kind: str(Path(f"/proc/{process}/ns/{kind}").readlink()) for kind in kinds}


def parse(lines: Iterable[str]) -> list[tuple[int, str]]:
    """Port and inode of each listening socket in the lines of /proc/net/tcp or tcp6."""
    found = []
    for line in lines:
        fields = line.split()
        if len(fields) > 9 and fields[3] == _LISTEN:
            found.append((int(fields[1].rsplit(":", 1)[1], 16), fields[9]))
    return found
