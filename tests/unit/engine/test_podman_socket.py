"""HTTP over a real socket: kept connections, streams, errors as they come."""

from __future__ import annotations

import http.server
import json
import socketserver
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.engine.podman import PodmanReader, frames
from pipeline.engine.podman_socket import SocketConnection
from pipeline.errors import EngineError

SEEN: list[tuple[str, str, bytes]] = []


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length", "0"))
        SEEN.append((self.command, self.path, self.rfile.read(length)))
        if self.path.endswith("/stream"):
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for piece in (b"one\ntw", b"o\nthree"):
                self.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
            self.wfile.write(b"0\r\n\r\n")
            return
        missing = "missing" in self.path
        said = "given version is not supported" if "/old" in self.path else "no such thing"
        body = {"message": said} if missing else {"connection": self.connection.fileno()}
        data = json.dumps(body).encode()
        self.send_response(404 if missing else 200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_POST(self) -> None:
        self.do_GET()

    def address_string(self) -> str:
        return "socket"

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


class Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True


@pytest.fixture
def uri(tmp_path: Path) -> Iterator[str]:
    SEEN.clear()
    path = tmp_path / "s"
    with Server(str(path), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"unix://{path}"
        server.shutdown()
        thread.join()


def test_one_connection_is_kept(uri: str) -> None:
    connection = SocketConnection(uri)
    numbers = {connection.call("get", "/info").json()["connection"] for _ in range(3)}
    connection.close()
    assert len(numbers) == 1


def test_params_and_body_arrive_as_they_are(uri: str) -> None:
    connection = SocketConnection(uri)
    connection.call(
        "post", "/containers/a b/x:1", params={"force": True, "filters": '{"a":["b"]}'}, data=b"\0"
    )
    connection.close()
    path = "/v4.0.0/libpod/containers/a%20b/x:1?force=true&filters=%7B%22a%22%3A%5B%22b%22%5D%7D"
    assert [("POST", path, b"\0")] == SEEN


def test_a_stream_comes_in_lines_and_leaves_the_kept_connection_alone(uri: str) -> None:
    connection = SocketConnection(uri)
    lines = connection.call("get", "/stream", stream=True).lines()
    assert next(lines) == b"one"
    assert connection.call("get", "/info").status == 200
    assert list(lines) == [b"two", b"three"]
    connection.close()


def test_what_is_missing_is_none_and_a_refusal_is_in_the_engines_words(uri: str) -> None:
    with PodmanReader(uri) as reader:
        assert reader.container("missing") is None
        with pytest.raises(EngineError) as raised:
            reader.processes("missing")
        assert raised.value.details == "GET /containers/missing/top: no such thing"
        assert not raised.value.resolution
        with pytest.raises(EngineError) as raised:
            reader.processes("missing/old")
        assert "use a newer capas" in raised.value.resolution


def test_nobody_there_is_an_error_with_a_way_on(tmp_path: Path) -> None:
    with PodmanReader(f"unix://{tmp_path}/nobody") as reader, pytest.raises(EngineError) as raised:
        reader.info()
    assert raised.value.brief == "the Podman API service does not answer"
    assert "doctor" in raised.value.resolution


def test_frames_are_found_wherever_they_are_cut() -> None:
    raw = b"\1\0\0\0\0\0\0\5hello" + b"\2\0\0\0\0\0\0\3bad"
    for size in range(1, len(raw)):
        chunks = [raw[i : i + size] for i in range(0, len(raw), size)]
        assert list(frames(chunks)) == [(1, b"hello"), (2, b"bad")]
