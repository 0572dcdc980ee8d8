"""A project of its own per test: a spec that runs Python's web server; removed at the end."""

from __future__ import annotations

import json
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from pipeline.engine import command
from tests.integration.conftest import CHECKOUT, Capas, made_of_debian

APP = Path(__file__).parent / "app" / "app.py"
SERVER = ["python3", "-m", "http.server", "5000"]


@dataclass
class Project:
    """A folder with one spec, and the program in it."""

    name: str
    folder: Path
    capas: Capas
    environment: Mapping[str, str]
    image: str
    port: int
    extra: str = ""
    web: dict[str, Any] = field(default_factory=dict)

    def write(self, extra: str = "", **web: Any) -> None:
        """Write the spec: the service `web` with these keys besides, and other tables."""
        table = {
            "image": self.image,
            "command": SERVER,
            "replicas": 2,
            "ports": [f"{self.port}:5000"],
            "healthcheck": {"http": ":5000/", "interval": "200ms", "retries": 25},
            **web,
        }
        lines = [f"{key} = {toml(value)}" for key, value in table.items() if value is not None]
        specs = self.folder / "specs"
        specs.mkdir(exist_ok=True)
        spec = "\n".join([f'name = "{self.name}"', "[services.web]", *lines, extra])
        (specs / f"{self.name}.toml").write_text(spec + "\n")

    def run(
        self, *arguments: str, check: bool = True, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        return self.capas(*arguments, cwd=self.folder, check=check, **variables)

    def status(self) -> dict[str, dict[str, Any]]:
        """What `status` says, by the container's name without the pipeline's."""
        answer = json.loads(self.run("status", "--format", "json").stdout)
        return {c["container"].removeprefix(f"{self.name}-"): c for c in answer["containers"]}

    def podman(self, *arguments: str, check: bool = True) -> str:
        done = command.run(["podman", *arguments], environment=self.environment, check=check)
        return done.stdout.strip()

    def ids(self) -> dict[str, str]:
        return {name: c["id"] for name, c in self.status().items()}


def toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{k} = {toml(v)}" for k, v in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(toml(v) for v in value) + "]"
    return json.dumps(value)


def fetch(url: str) -> str:
    with urllib.request.urlopen(url, timeout=5) as response:
        text: str = response.read().decode()
        return text


@pytest.fixture
def free_port() -> Iterator[int]:
    """The first of ten ports in a row that are free, and no other test's.

    They lie below those that the kernel hands out (ip(7), ip_local_port_range), so that only tests
    want them; each ten has an abstract socket (unix(7)), which is a lock per network namespace.
    """
    for base in range(20000, 30000, 10):
        with socket.socket(socket.AF_UNIX) as lock:
            try:
                lock.bind(f"\0capas-tests-ports-{base}")
            except OSError:  # another test's
                continue
            if all(_is_free(port) for port in range(base, base + 10)):
                yield base
                return
    pytest.fail("no ten free ports in a row")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


@pytest.fixture
def project(
    request: pytest.FixtureRequest,
    *,
    tmp_path: Path,
    capas: Capas,
    environment: Mapping[str, str],
    small_base: str,
    free_port: int,
) -> Iterator[Project]:
    """A project whose pipeline has a name of its own; all it made is removed at the end."""
    name = f"t{abs(hash(request.node.nodeid)) % 10**8}"
    made = Project(name, tmp_path, capas, environment, small_base, free_port)
    made.write()
    yield made
    label = f"label=io.github.capas.pipeline={name}"
    for kind, verb in (
        ("ps -a", "rm -f -t 0"),
        ("network ls", "network rm -f"),
        ("volume ls", "volume rm -f"),
    ):
        if names := made.podman(*kind.split(), "-q", "--filter", label).split():
            made.podman(*verb.split(), *names)
    secrets = made.podman("secret", "ls", "--format={{.Name}}").split()
    if names := [n for n in secrets if n.startswith((f"{name}.", f"{name}_"))]:
        made.podman("secret", "rm", *names)


@pytest.fixture(scope="session")
def proxy(environment: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory) -> str:
    """The reference of the ingress's image, made as its folder in `containers/` says."""
    spec = CHECKOUT / "containers" / "bases.toml"
    context = tmp_path_factory.mktemp("proxy")
    return made_of_debian(spec, "proxy", "localhost/capas-test-proxy:1", context, environment)


@pytest.fixture
def ingress(project: Project, proxy: str) -> Callable[..., None]:
    """Writes the spec of a service with two replicas behind an ingress."""
    app = project.folder / "app"
    app.mkdir()
    (app / "app.py").write_text(APP.read_text())

    def write(version: str, extra: str = "", **web: Any) -> None:
        behind: dict[str, Any] = {
            "command": ["python3", "/app/app.py"],
            "environment": {"APP_VERSION": version},
            "volumes": ["../app:/app:ro"],
            "ports": None,
            "ingress": {"port": project.port, "target": 5000, "image": proxy},
        }
        project.write(extra, **{**behind, **web})

    return write


@pytest.fixture
def eventually() -> Callable[..., None]:
    """Wait until a condition holds, with a deadline in seconds."""

    def wait(condition: Callable[[], bool], seconds: float = 15.0) -> None:
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, "the condition did not come true in time"
            time.sleep(0.05)  # between two looks

    return wait
