"""Probes of real sockets on the loopback."""

from __future__ import annotations

import http.server
import socket
import threading
from collections.abc import Iterator

import pytest

from pipeline.deploy.observe.probe import main, probe_http, probe_tcp, split_http


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response({"/ok": 200, "/moved": 302}.get(self.path, 503))
        self.end_headers()
        self.wfile.write(b"no database\nmore")

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def port() -> Iterator[int]:
    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(("path", "healthy"), [("/ok", True), ("/moved", True), ("/bad", False)])
def test_an_answer_of_2xx_or_3xx_is_healthy(port: int, path: str, healthy: bool) -> None:
    assert probe_http("127.0.0.1", port, path, 2.0).healthy is healthy


def test_a_bad_answer_is_shown(port: int) -> None:
    said = probe_http("127.0.0.1", port, "/bad", 2.0).said
    assert said == f"GET :{port}/bad: 503 Service Unavailable: no database"


def test_nobody_there_is_reported() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        assert probe_tcp("127.0.0.1", port, 1.0).said == f"connect :{port}: Connection refused"
        assert not probe_http("127.0.0.1", port, "/", 1.0).healthy


def test_silence_ends_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        answer = probe_http("127.0.0.1", mute.getsockname()[1], "/", 0.05)
    assert not answer.healthy
    assert answer.said.endswith("no answer in time")


def test_as_a_program_it_answers_by_its_exit_code(
    port: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["http", str(port), "/ok", "2"]) == 0
    assert main(["http", str(port), "/bad", "2"]) == 1
    assert main(["tcp", str(port), "2"]) == 0
    assert "accepted" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "meant"),
    [(":5000/healthz", (5000, "/healthz")), (":80", (80, "/")), ("80/a/b", (80, "/a/b"))],
)
def test_port_and_path_are_read(text: str, meant: tuple[int, str]) -> None:
    assert split_http(text) == meant
