"""Requests that are not answered: a service that is frozen, one that is slow, a signal."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.engine import podman_socket, requests
from pipeline.engine.podman import PodmanReader
from pipeline.engine.podman_socket import SocketConnection
from pipeline.errors import EngineError

ALIVE = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests, "PING_AFTER", 0.3)
    monkeypatch.setattr(podman_socket, "_PING_SECONDS", 0.5)


@contextlib.contextmanager
def service(path: Path, *, lives: bool) -> Iterator[str]:
    """Takes every connection, and answers nothing but pings."""
    kept = []
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen(8)

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    client, _ = listener.accept()
                    kept.append(client)
                    if lives and b"_ping" in client.recv(1000):
                        client.sendall(ALIVE)

        if lives:
            threading.Thread(target=serve, daemon=True).start()
        yield f"unix://{path}"
        for one in kept:
            one.close()


def test_a_frozen_service_is_told_and_not_waited_for(tmp_path: Path) -> None:
    with service(tmp_path / "s", lives=False) as uri:
        reader = PodmanReader(uri)
        with pytest.raises(EngineError, match="does not answer") as caught:
            reader.volumes()
    assert "GET /volumes/json: a ping brings no answer either" in caught.value.details
    assert caught.value.resolution


def test_a_service_that_lives_has_as_long_as_the_request_may_take(tmp_path: Path) -> None:
    with service(tmp_path / "s", lives=True) as uri:
        connection = SocketConnection(uri)
        begin = time.monotonic()
        with pytest.raises(requests.NoAnswer, match=r"no answer within 1\.5 seconds"):
            connection.call("get", "/volumes/json", bound=1.5)
        assert time.monotonic() - begin >= 1.5, "pings were answered meanwhile"


def test_a_stream_of_a_frozen_service_ends_too(tmp_path: Path) -> None:
    with service(tmp_path / "s", lives=False) as uri:
        reader = PodmanReader(uri)
        with pytest.raises(EngineError):
            list(reader.events(["x"], follow=True))


def test_an_interruption_breaks_off_what_is_open_and_not_what_begins_later(tmp_path: Path) -> None:
    ended = []
    with service(tmp_path / "s", lives=True) as uri:

        def ask() -> None:
            try:
                SocketConnection(uri).call("get", "/volumes/json")
            except OSError as error:
                ended.append(str(error))

        first = threading.Thread(target=ask)
        first.start()
        time.sleep(0.1)
        requests.interrupt()
        second = SocketConnection(uri)
        with pytest.raises(requests.NoAnswer, match="no answer within"):
            second.call("get", "/volumes/json", bound=1.2)
        first.join(5)
    assert ended == ["interrupted"]
