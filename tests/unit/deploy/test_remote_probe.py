"""Probes on another machine: what its programs say, and what is made of it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Sequence
from typing import cast

from pipeline.deploy.observe.remote_probe import ask_http, ask_tcp
from pipeline.engine.command import Completed
from pipeline.engine.remote_host import HERE, ContainerHost
from pipeline.errors import EngineError


class Far:
    """A machine whose answer is known."""

    def __init__(self, stdout: str = "", returncode: int = 0, stderr: str = "") -> None:
        self._answer = (returncode, stdout, stderr)

    def run(self, argv: Sequence[str], *, text: str = "") -> Completed:
        if self._answer[0] == 255:
            raise EngineError("no command runs on far", details=text[:3])
        return Completed(tuple(argv), *self._answer)


def _http(far: Far) -> tuple[bool, str]:
    answer = ask_http(cast("ContainerHost", far), 7, ("127.0.0.1", 80), "/h", 3)
    return answer.healthy, answer.said


def test_an_answer_is_judged_as_here() -> None:
    assert _http(Far("HTTP/1.1 204 No Content\n\n")) == (True, "GET :80/h: 204 No Content")
    assert _http(Far("HTTP/1.1 503 Busy\nContent-Length: 9\n\nnot yet\n\n")) == (
        False,
        "GET :80/h: 503 Busy: not yet",
    )
    chunked = "HTTP/1.1 500 No\nTransfer-Encoding: chunked\n\n4\nsad.\n0\n\n"
    assert _http(Far(chunked)) == (False, "GET :80/h: 500 No: sad.")
    assert _http(Far("SSH-2.0\n"))[0] is False


def test_silence_says_why() -> None:
    assert _http(Far(returncode=124)) == (False, "GET :80/h: no answer in time")
    assert _http(Far(returncode=255)) == (False, "GET :80/h: no command runs on far: GET")
    said = "bash: connect: Connection refused\nbash: line 1: /dev/tcp/1/80: Connection refused\n"
    assert _http(Far(returncode=1, stderr=said)) == (False, "GET :80/h: Connection refused")


def test_a_real_bash_talks_to_a_real_port() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        heard: list[bytes] = []

        def serve() -> None:
            client, _ = server.accept()
            with client:
                heard.append(client.recv(4096))
                client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

        thread = threading.Thread(target=serve)
        thread.start()
        answer = ask_http(HERE, None, ("127.0.0.1", port), "/healthz", 10)
        thread.join()
    assert answer.healthy
    assert heard[0].startswith(b"GET /healthz HTTP/1.1\r\n")
    refused = ask_tcp(HERE, 0, port, 10)
    assert (refused.healthy, refused.said) == (False, f"connect :{port}: Connection refused")
