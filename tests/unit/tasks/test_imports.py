"""What a command imports: at most so many modules of ours, and nothing that only trouble needs.

A module of ours costs 0.2 to 0.5 ms, and those named here 1 to 40 ms. Where a number is too small
for a good reason, make it larger; where a module appears, see who imports it:
`python -X importtime -m pipeline TASK`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingUnixStreamServer

import pytest

ROOT = Path(__file__).parents[3]
SPEC = """
name = "imports"
[images.app.versions]
"1.0" = { context = "app" }
[services.web]
image = "app"
"""
NEVER = {
    "asyncio", "dataclasses", "email", "http.client", "importlib.metadata", "inspect", "invoke",
    "jinja2", "jsonschema", "logging", "podman", "rich", "shutil", "ssl", "tarfile", "traceback",
    "unittest", "yaml",
}  # fmt: skip
"""Real ones, not what stands in for them."""
SEEN = """
import atexit, json, sys
def tell():
    later = sys.modules["pipeline.lean_imports"].Later
    print(json.dumps([name for name, one in sys.modules.items() if not isinstance(one, later)]))
atexit.register(tell)
sys.argv[0] = "capas"
from pipeline.__main__ import main
main()
"""


class Podman(BaseHTTPRequestHandler):
    """A service that has nothing: every list is empty, everything by name is missing."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        parts = self.path.partition("?")[0].rsplit("/", 3)
        by_name = parts[-1] == "json" and parts[-3] in ("images", "containers", "secrets")
        data = b'{"message": "nothing"}' if by_name else b"[]"
        self.send_response(404 if by_name else 200)
        self.send_header("Libpod-API-Version", "5.8.0")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def address_string(self) -> str:
        return "socket"

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


class Server(ThreadingUnixStreamServer):
    daemon_threads = True


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs" / "s.toml").write_text(SPEC)
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "Containerfile").write_text("FROM scratch\n")
    (tmp_path / "specs" / "app").symlink_to("../app")
    return tmp_path


@pytest.fixture
def uri(project: Path) -> Iterator[str]:
    path = project / "sock"
    with Server(str(path), Podman) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"unix://{path}"
        server.shutdown()
        thread.join()


def imported(project: Path, uri: str, *words: str) -> tuple[set[str], str]:
    """The modules of a command that was run, and what it said."""
    done = subprocess.run(
        [sys.executable, "-c", SEEN, *words],
        cwd=project,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "XDG_CACHE_HOME": str(project / "cache"),
            "XDG_RUNTIME_DIR": str(project),
            "CONTAINER_HOST": uri,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert "capas itself failed" not in done.stderr, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1])), done.stdout + done.stderr


@pytest.mark.parametrize(
    ("line", "most", "told"),
    [
        ("validate", 100, "spec"),
        ("status", 140, "imports"),
        ("stop", 175, ""),
        ("deploy --dry-run", 185, "app:1.0"),
        ("deploy", 215, "app:1.0"),
    ],
)
def test_a_command_imports_what_it_needs(
    line: str, most: int, told: str, project: Path, uri: str
) -> None:
    imported(project, uri, *line.split())  # what is remembered is not looked for again
    modules, said = imported(project, uri, *line.split())
    assert told in said
    assert sorted(modules & NEVER) == []
    ours = [name for name in modules if name.startswith("pipeline.")]
    assert len(ours) <= most, f"{len(ours)} modules: {' '.join(sorted(ours))}"
