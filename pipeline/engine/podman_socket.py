"""HTTP to Podman's API service: a kept connection to its socket, standard library only.

The whole of podman-py costs a command about 0.15 s before its first call, and nothing of it is
needed. A service elsewhere is reached through a socket here, too: `tunnel.py`.
"""

from __future__ import annotations

import json
import os
import re
import socket
import struct
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from pipeline.engine.http_connection import HttpConnection, HttpResponse
from pipeline.engine.remote_host import FAR_SCHEME
from pipeline.engine.requests import NoAnswer, PendingRequest, pending_request
from pipeline.lean_dataclasses import dataclass

API = "/v4.0.0/libpod"
"""The version spoken: every service from Podman 4.0 on answers it in the same way."""
_MOST = 64 << 20
"""Bytes of an answer that is read at once: a listing of ten thousand containers has a third of it.
What a program in a container writes has no end of its own, and comes back through here, too."""
_PING_SECONDS = 10.0
"""Within which a service that lives takes a connection and answers a ping."""


@dataclass(frozen=True)
class ApiResponse:
    """What the service answered; its body can be read once.

    Attributes:
        headers: by name in small letters.
    """

    status: int
    chunks: Iterator[bytes]
    headers: Mapping[str, str]

    def content(self) -> bytes:
        """The whole body."""
        return b"".join(self.chunks)

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.content())

    def lines(self) -> Iterator[bytes]:
        """The body line by line, as it comes."""
        rest = b""
        for chunk in self.chunks:
            *whole, rest = (rest + chunk).split(b"\n")
            yield from whole
        if rest:
            yield rest


class SocketConnection:
    """A kept connection to a service on this machine.

    Args:
        uri: `unix://PATH`, `ssh+unix://HOST/PATH` (of a tunnel) or `tcp://HOST:PORT`.
    """

    def __init__(self, uri: str) -> None:
        self._open = _opener(uri)
        self._kept = self._open()

    def call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        data: bytes | str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
        bound: float | None = None,
        stream: bool = False,
    ) -> ApiResponse:
        """One request; a stream gets a connection of its own.

        Args:
            path: below the libpod part of the API.
            timeout: seconds that the service may be silent; None is as long as it lives.
            bound: seconds that the whole may take; None is as long as it lives.
            stream: hand on the body as it comes.

        Raises:
            OSError: the service does not answer.
        """
        connection = self._open() if stream else self._kept
        query = f"?{urlencode(_plain(params))}" if params else ""
        target = f"{API}{quote(path, safe='/:@')}{query}"
        content = data.encode() if isinstance(data, str) else data
        one = PendingRequest(self._ping, bound)
        try:
            with pending_request(one):
                # One that is full of others' requests is not waited for for ever.
                connected = connection.connect(_PING_SECONDS)
                connected.settimeout(timeout)
                one.listens_to(connected)
                response = connection.ask(method.upper(), target, content, headers or {})
                if not stream:
                    body = _bounded(response)
                    if one.broken:  # the end of the socket, and not of the answer
                        raise one.broken
                    return ApiResponse(response.status, iter([body]), response.headers)
        except BaseException:
            connection.close()  # half a conversation cannot be gone on with
            raise
        return ApiResponse(response.status, _chunks(response, connection, one), response.headers)

    def _ping(self) -> NoAnswer | None:
        """Ask for a sign of life, over a connection of its own."""
        connection = self._open()
        listener = 0
        try:
            connected = connection.connect(_PING_SECONDS)
            if connection.is_local:
                listener = peer(connected)
            for _piece in connection.ask("GET", f"{API}/_ping", None, {}).pieces():
                pass
        except OSError as error:
            said = f"a ping brings no answer either: {str(error) or type(error).__name__}"
            return _frozen(listener) or NoAnswer(said)
        finally:
            connection.close()
        return None

    def close(self) -> None:
        """Close the kept connection."""
        self._kept.close()

    def shares_our_namespaces(self) -> bool:
        """Whether the service lives among the same processes and in the same network as we.

        A socket may lead out of a container, or into one; no is also the answer when it cannot be
        known.
        """
        if not self._kept.is_local:
            return False
        try:
            theirs = peer(self._kept.connect(None))
            return theirs > 0 and all(
                Path(f"/proc/{theirs}/ns/{kind}").readlink()
                == Path(f"/proc/self/ns/{kind}").readlink()
                for kind in ("pid", "net")
            )
        except OSError:
            return False


def _frozen(listener: int) -> NoAnswer | None:
    """What is wrong with a service that answers nothing, when the kernel knows that it is stopped.

    Args:
        listener: the process that listens; 0 when it is not known.
    """
    try:
        status = Path(f"/proc/{listener}/status").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    if not re.search(r"^State:\t[Tt]", status, re.MULTILINE):
        return None
    said = f"a ping brings no answer either: its process {listener} is stopped (SIGSTOP)"
    if re.search(rf"^PPid:\t{os.getpid()}$", status, re.MULTILINE):
        return NoAnswer(said, "it has been this command's own and is gone: run the command again")
    resumes = f"`kill -CONT {listener}` lets it go on, `kill -KILL {listener}` ends it"
    return NoAnswer(said, f"{resumes} (containers run on): then run the command again")


def peer(client: socket.socket) -> int:
    """The process that listens at the other end of a Unix socket; 0 when it is not among ours.

    Raises:
        OSError: it is not connected.
    """
    credentials = client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    pid: int = struct.unpack("3i", credentials)[0]
    return pid


def socket_path(uri: str) -> Path | None:
    """The socket here that a URI names; None for one over TCP."""
    parts = urlsplit(uri)
    if parts.scheme == "unix":
        return Path(f"{parts.netloc}{parts.path}")
    return Path(parts.path) if parts.scheme == FAR_SCHEME else None


def _opener(uri: str) -> Callable[[], HttpConnection]:
    path = socket_path(uri)
    if path is not None:
        return lambda: HttpConnection(str(path))
    parts = urlsplit(uri)
    return lambda: HttpConnection((parts.hostname or "127.0.0.1", parts.port or 8080))


def _bounded(response: HttpResponse) -> bytes:
    """A whole body.

    Raises:
        ConnectionError: it is larger than anything that is asked for.
    """
    pieces, size = [], 0
    for piece in response.pieces():
        pieces.append(piece)
        size += len(piece)
        if size > _MOST:
            raise ConnectionError(f"the answer is larger than {_MOST >> 20} MiB")
    return b"".join(pieces)


def _chunks(
    response: HttpResponse, connection: HttpConnection, one: PendingRequest
) -> Iterator[bytes]:
    try:
        with pending_request(one):
            one.goes_on()
            for piece in response.pieces():
                yield piece
                one.goes_on()
            if one.broken:  # the end of the socket, and not of the answer
                raise one.broken
    finally:
        connection.close()


def _plain(params: Mapping[str, Any]) -> dict[str, str]:
    return {
        name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in params.items()
    }
