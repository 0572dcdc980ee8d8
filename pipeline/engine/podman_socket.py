"""HTTP to Podman's API service: a kept connection to its socket, standard library only.

The whole of podman-py costs a command about 0.15 s before its first call, and nothing of it is
needed. A service elsewhere is reached through a socket here, too: `tunnel.py`.
"""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from pipeline.engine.machine import FAR_SCHEME

API = "/v4.0.0/libpod"
"""The version spoken: every service from Podman 4.0 on answers it in the same way."""
_CHUNK = 65536
_MOST = 64 << 20
"""Bytes of an answer that is read at once: a listing of ten thousand containers has a third of it.
What a program in a container writes has no end of its own, and comes back through here, too."""


@dataclass(frozen=True)
class Answer:
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
        stream: bool = False,
    ) -> Answer:
        """One request; a stream gets a connection of its own.

        Args:
            path: below the libpod part of the API.
            timeout: seconds that the service may be silent; None waits.
            stream: hand on the body as it comes.

        Raises:
            OSError: the service does not answer.
        """
        http_connection = self._open() if stream else self._kept
        http_connection.timeout = timeout
        if http_connection.sock is not None:
            http_connection.sock.settimeout(timeout)
        query = f"?{urlencode(_plain(params))}" if params else ""
        body = data.encode() if isinstance(data, str) else data
        try:
            http_connection.request(
                method.upper(), f"{API}{quote(path, safe='/:@')}{query}", body, dict(headers or {})
            )
            response = http_connection.getresponse()
            if not stream:
                body = _bounded(response)
                return Answer(response.status, iter([body]), _headers(response))
        except http.client.HTTPException as error:
            http_connection.close()
            raise ConnectionError(str(error) or type(error).__name__) from error
        except BaseException:
            http_connection.close()  # half a conversation cannot be gone on with
            raise
        return Answer(response.status, _chunks(response, http_connection), _headers(response))

    def close(self) -> None:
        """Close the kept connection."""
        self._kept.close()


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("podman")
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def _headers(response: http.client.HTTPResponse) -> dict[str, str]:
    return {name.lower(): value for name, value in response.getheaders()}


def socket_path(uri: str) -> Path | None:
    """The socket here that a URI names; None for one over TCP."""
    parts = urlsplit(uri)
    if parts.scheme == "unix":
        return Path(f"{parts.netloc}{parts.path}")
    return Path(parts.path) if parts.scheme == FAR_SCHEME else None


def _opener(uri: str) -> Callable[[], http.client.HTTPConnection]:
    path = socket_path(uri)
    if path is not None:
        return lambda: _UnixConnection(str(path))
    parts = urlsplit(uri)
    return lambda: http.client.HTTPConnection(parts.hostname or "127.0.0.1", parts.port or 8080)


def _bounded(response: http.client.HTTPResponse) -> bytes:
    """A whole body.

    Raises:
        ConnectionError: it is larger than anything that is asked for.
    """
    body = response.read(_MOST + 1)
    if len(body) > _MOST:
        raise ConnectionError(f"the answer is larger than {_MOST >> 20} MiB")
    return body


def _chunks(
    response: http.client.HTTPResponse, connection: http.client.HTTPConnection
) -> Iterator[bytes]:
    try:
        while chunk := response.read1(_CHUNK):
            yield chunk
    except http.client.HTTPException as error:
        raise ConnectionError(str(error) or type(error).__name__) from error
    finally:
        connection.close()


def _plain(params: Mapping[str, Any]) -> dict[str, str]:
    return {
        name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in params.items()
    }
