"""Health probes on another machine, by programs that are there: its bash opens the connection."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, cast

from pipeline.deploy.observe.probe import ProbeAnswer, judge_http
from pipeline.errors import EngineError

if TYPE_CHECKING:
    import socket

    from pipeline.engine.remote_host import ContainerHost

TOOLS = ("bash", "nsenter", "timeout")
_TOO_LATE = 124
"""The exit code of timeout(1)."""
_TALK = "exec 3<>/dev/tcp/$0/$1 && cat >&3 && head -c 65536 <&3"
_SCRIPT = """
enter=()
if [ "$1" != 0 ]; then
  enter=(nsenter --preserve-credentials --net --target "$1")
  [ /proc/self/ns/user -ef "/proc/$1/ns/user" ] || enter+=(--user)
fi
exec timeout "$2" "${enter[@]}" bash -c "$3" "$4" "$5"
"""
"""A program of root's is in our user namespace already, and setns(2) refuses to enter it again."""


def ask_tcp(machine: ContainerHost, process: int, port: int, timeout: float) -> ProbeAnswer:
    """Open a connection inside a process's network, and close it.

    Args:
        timeout: seconds.
    """
    _said, why = _exchange(machine, process, ("127.0.0.1", port), "", timeout)
    return ProbeAnswer(not why, f"connect :{port}: {why or 'accepted'}")


def ask_http(
    machine: ContainerHost, process: int | None, place: tuple[str, int], path: str, timeout: float
) -> ProbeAnswer:
    """Ask over HTTP, from the machine itself or inside a process's network.

    Args:
        place: an address there, and a port.
        timeout: seconds.
    """
    address, port = place
    request = (
        f"GET {path} HTTP/1.1\r\nHost: {address}:{port}\r\nUser-Agent: capas\r\n"
        "Accept-Encoding: identity\r\nConnection: close\r\n\r\n"
    )
    said, why = _exchange(machine, process, place, request, timeout)
    return ProbeAnswer(False, f"GET :{port}{path}: {why}") if why else _read(said, port, path)


def _exchange(
    machine: ContainerHost, process: int | None, place: tuple[str, int], text: str, timeout: float
) -> tuple[str, str]:
    """What answers to a text, and why nothing does."""
    talk = _TALK if text else "exec 3<>/dev/tcp/$0/$1"
    address, port = place
    argv = ["bash", "-c", _SCRIPT, "bash", str(process or 0), str(timeout), talk]
    try:
        done = machine.run([*argv, address, str(port)], text=text)
    except EngineError as error:
        return "", error.sentence
    if done.stdout or done.returncode == 0:
        return done.stdout, ""
    if done.returncode == _TOO_LATE:
        return "", "no answer in time"
    lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
    return "", lines[-1].rpartition(": ")[2]


def _read(text: str, port: int, path: str) -> ProbeAnswer:
    import http.client  # noqa: PLC0415 (10 ms, for probes only)

    response = http.client.HTTPResponse(cast("socket.socket", _Text(text)))
    try:
        response.begin()
    except (http.client.HTTPException, OSError) as error:
        return ProbeAnswer(False, f"GET :{port}{path}: {str(error) or type(error).__name__}")
    try:
        body = response.read(200)
    except http.client.IncompleteRead as error:
        body = error.partial
    return judge_http(response.status, response.reason, body, port, path)


class _Text:
    """What HTTPResponse needs of a socket."""

    def __init__(self, text: str) -> None:
        self._text = text

    def makefile(self, _mode: str) -> io.BytesIO:
        return io.BytesIO(self._text.encode())
