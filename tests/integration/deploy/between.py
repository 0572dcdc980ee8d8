"""A socket in front of the API service that acts when the n-th changing request passes."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

_CHANGING = (b"POST ", b"PUT ", b"DELETE ")


@dataclass
class Passing:
    """What has passed so far.

    Attributes:
        act_at: the number of the changing request, from 1, that triggers `act`.
        requests: first lines of the changing requests.
    """

    act_at: int
    act: Callable[[], None]
    requests: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def saw(self, data: bytes) -> None:
        if not data.startswith(_CHANGING):
            return
        with self._lock:
            self.requests.append(data.split(b"\r\n", 1)[0].decode())
            if len(self.requests) == self.act_at:
                self.act()


@contextmanager
def between(path: Path, service: str, passing: Passing) -> Iterator[str]:
    """The URI of a socket that hands everything on to `service`.

    A request is handed on before `act` is called: the service is at work on it then.
    """
    target = service.removeprefix("unix://")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen(64)

    def serve() -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                threading.Thread(target=connect, args=(client,), daemon=True).start()

    def connect(client: socket.socket) -> None:
        upstream = socket.socket(socket.AF_UNIX)
        with client, upstream, suppress(OSError):
            upstream.connect(target)
            back = threading.Thread(target=pump, args=(upstream, client), daemon=True)
            back.start()
            pump(client, upstream, passing.saw)
            back.join()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield f"unix://{path}"
    finally:
        listener.close()
        path.unlink()


def pump(
    source: socket.socket, sink: socket.socket, saw: Callable[[bytes], None] = lambda _data: None
) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
            saw(data)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
