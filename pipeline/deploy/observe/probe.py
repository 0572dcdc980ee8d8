"""One health probe over HTTP or TCP; also a program of its own, run inside a network namespace.

As a program it imports nothing of ours and nothing heavy: it is started once per probe.
"""

from __future__ import annotations

import socket
import sys
from typing import NamedTuple


class ProbeAnswer(NamedTuple):
    """What a probe found, in words that can be shown."""

    healthy: bool
    said: str


def probe_http(address: str, port: int, path: str, timeout: float) -> ProbeAnswer:
    """Ask over HTTP: 2xx and 3xx are healthy.

    Args:
        timeout: seconds.
    """
    import http.client  # noqa: PLC0415 (10 ms, for probes only)

    connection = http.client.HTTPConnection(address, port, timeout=timeout)
    try:
        connection.request("GET", path, headers={"User-Agent": "capas", "Connection": "close"})
        response = connection.getresponse()
        body = response.read(200)
    except (OSError, http.client.HTTPException) as error:
        return ProbeAnswer(False, f"GET :{port}{path}: {_words(error)}")
    finally:
        connection.close()
    return judge_http(response.status, response.reason, body, port, path)


def judge_http(status: int, reason: str, body: bytes, port: int, path: str) -> ProbeAnswer:
    """What an answer to GET means: 2xx and 3xx are healthy.

    Args:
        body: its beginning; its first line is shown with a bad answer.
    """
    healthy = 200 <= status < 400
    said = f"GET :{port}{path}: {status} {reason}"
    lines = body.decode(errors="replace").strip().splitlines()
    return ProbeAnswer(healthy, said if healthy or not lines else f"{said}: {lines[0]}")


def probe_tcp(address: str, port: int, timeout: float) -> ProbeAnswer:
    """Open a connection, and close it.

    Args:
        timeout: seconds.
    """
    try:
        socket.create_connection((address, port), timeout).close()
    except OSError as error:
        return ProbeAnswer(False, f"connect :{port}: {_words(error)}")
    return ProbeAnswer(True, f"connect :{port}: accepted")


def split_http(text: str) -> tuple[int, str]:
    """`:5000/healthz` as port and path."""
    port, slash, path = text.removeprefix(":").partition("/")
    return int(port), slash + path or "/"


def _words(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    text = error.strerror if isinstance(error, OSError) else str(error)
    return text or type(error).__name__


def main(arguments: list[str]) -> int:
    """`http PORT PATH TIMEOUT` or `tcp PORT TIMEOUT`, on the loopback; 0 is healthy."""
    if arguments[0] == "http":
        answer = probe_http("127.0.0.1", int(arguments[1]), arguments[2], float(arguments[3]))
    else:
        answer = probe_tcp("127.0.0.1", int(arguments[1]), float(arguments[2]))
    sys.stdout.write(answer.said)
    return 0 if answer.healthy else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
