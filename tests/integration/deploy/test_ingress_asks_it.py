"""HAProxy itself asks for the path that the spec says, whatever stands in it."""

from __future__ import annotations

import string
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from pipeline.deploy.model.desired import DesiredService
from pipeline.deploy.plan.ingress import INSIDE_PORT, config, with_addresses
from pipeline.spec.model import Healthcheck, Ingress, Service

pytestmark = pytest.mark.integration

ODD = [
    "/health{a.b}z", "/{localhost}", "/a'b'c", '/a"b"c', "/a#b", "/a\\b", "/a\\\\", "/$HOME${HOME}",
    "/%[env(HOME)]%%", "/a;b|c", "/'", "/\\'", "/a?x={y}&z='$'",
]  # fmt: skip
PATHS = [*ODD, *(f"/x{sign}y" for sign in string.printable if "!" <= sign <= "~")]


class _Asked(BaseHTTPRequestHandler):
    paths: set[str] = set()  # noqa: RUF012 (one server per test run)

    def do_GET(self) -> None:
        self.paths.add(self.path)
        with suppress(ConnectionError):  # the proxy has read the status and has left
            self.send_response(200)
            self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing."""


class _Server(ThreadingHTTPServer):
    request_queue_size = 256


@pytest.fixture
def asked() -> Iterator[tuple[int, set[str]]]:
    """The port of a server on the loopback, and the paths that it was asked for."""
    with _Server(("127.0.0.1", 0), _Asked) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1], _Asked.paths
        server.shutdown()


def backend(path: str, port: int, name: str) -> tuple[str, str]:
    """What stands above the backend of a service with this check, and the backend, renamed."""
    service = Service(
        "Web",
        "localhost/x:1",
        built_here=False,
        healthcheck=Healthcheck(http=f":5000{path}", interval=2),
        ingress=Ingress(1, port, "localhost/proxy:1"),
    )
    desired = DesiredService(service, "localhost/x:1", "", ("n",), "localhost/proxy:1")
    text = with_addresses(config(desired, {"replica-1": "localHost"}), {"localHost": "127.0.0.1"})
    above, mark, below = text.partition("\nbackend replicas\n")
    assert mark
    return f"{above}\n", f"backend {name}\n{below}"


def test_the_proxy_asks_for_the_path_of_the_spec(
    asked: tuple[int, set[str]],
    proxy: str,
    environment: Mapping[str, str],
    tmp_path: Path,
    free_port: int,
) -> None:
    port, seen = asked
    made = [backend(path, port, f"r{number}") for number, path in enumerate(PATHS)]
    above = made[0][0].replace("default_backend replicas", "default_backend r0")
    text = above.replace(f"bind :{INSIDE_PORT}", f"bind 127.0.0.1:{free_port}")
    (tmp_path / "haproxy.cfg").write_text(text + "".join(below for _, below in made))
    name = f"capas-test-ingress-{free_port}"
    argv = ["podman", "run", "--rm", "--name", name, "--network=host", "--stop-timeout=1"]
    argv += [f"--volume={tmp_path}:/cfg:ro", proxy, "haproxy", "-db", "-f", "/cfg/haproxy.cfg"]
    with subprocess.Popen(
        argv, env=dict(environment), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            end = time.monotonic() + 60
            while not set(PATHS) <= seen and process.poll() is None and time.monotonic() < end:
                time.sleep(0.05)  # between two looks
        finally:
            subprocess.run(
                ["podman", "rm", "-f", "-t", "0", name],
                env=dict(environment),
                capture_output=True,
                check=False,
            )
        told = process.stdout.read() if process.stdout else ""
    assert "config :" not in told, told
    assert seen == set(PATHS)
