import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from pipeline.course.tweets import Replica
from pipeline.errors import CapasError


class Broken(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_error(500)

    def log_message(self, *_args: object) -> None:
        pass


@pytest.fixture
def broken() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Broken) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_an_answer_that_is_no_pytweets_is_a_clear_error(broken: str) -> None:
    with pytest.raises(CapasError, match="does not answer as PyTweets does"):
        Replica(broken).texts()


def test_nobody_there_is_a_clear_error() -> None:
    with pytest.raises(CapasError) as raised:
        Replica("http://127.0.0.1:1").introduce()
    assert "capas logs" in raised.value.resolution
