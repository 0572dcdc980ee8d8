"""PyTweets on a base from a registry: a real one, on the loopback."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from pipeline.engine import command
from tests.integration.conftest import CHECKOUT, Capas

pytestmark = pytest.mark.integration

OWN_BASE = """
[images.python-base.versions."3.12"]
context       = "../containers/python-base"
containerfile = "registry.Containerfile"
args          = { UPSTREAM = "%s" }
"""


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[str]:
    """A registry with nothing in it, at `host:port`."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    settings = tmp_path / "registry.yml"
    settings.write_text(
        f"version: 0.1\nhttp:\n  addr: {address}\n"
        f"storage:\n  filesystem:\n    rootdirectory: {tmp_path / 'registry'}\n"
    )
    with subprocess.Popen(
        ["docker-registry", "serve", str(settings)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as server:
        try:
            _eventually_listens(address)
            yield address
        finally:
            server.terminate()


def test_pytweets_must_build_on_a_base_from_a_registry(
    registry: str,
    small_base: str,
    environment: Mapping[str, str],
    capas: Capas,
    tmp_path: Path,
) -> None:
    upstream = f"{registry}/library/python:3.12-slim"
    plain = tmp_path / "Containerfile"
    plain.write_text(f"FROM {small_base}\nRUN rm -rf /app\n")
    insecure = tmp_path / "registries.conf"
    insecure.write_text(f'[[registry]]\nlocation = "{registry}"\ninsecure = true\n')
    there = {**environment, "CONTAINERS_REGISTRIES_CONF": str(insecure)}
    command.run(
        ["buildah", "build", "--layers", f"--tag={upstream}", f"--file={plain}", str(tmp_path)],
        environment=there,
    )
    command.run(["buildah", "push", upstream], environment=there)
    command.run(["buildah", "rmi", upstream], environment=there)

    project = _project(tmp_path / "project", upstream)
    capas("build", "--version", "1.1", cwd=project, CONTAINERS_REGISTRIES_CONF=str(insecure))
    shown = command.run(
        ["podman", "run", "--rm", "--network=none", "localhost/pytweets:1.1", "ls", "/app"],
        environment=there,
    )
    assert shown.stdout.split() == ["main.py", "miclase.py"]


def _project(folder: Path, upstream: str) -> Path:
    """PyTweets, with the lines that its spec proposes for a registry."""
    shutil.copytree(CHECKOUT / "containers", folder / "containers")
    text = (CHECKOUT / "specs" / "pytweets.toml").read_text()
    before, _, rest = text.partition("[images.python-base")
    versions = rest[rest.index("[images.pytweets.versions]") :]
    for number in ("1.0", "1.1", "1.2"):
        versions = versions.replace(
            f'"../containers/pytweets/{number}" }}',
            f'"../containers/pytweets/{number}",'
            ' args = { BASE = "localhost/python-base:3.12" } }',
        )
    (folder / "specs").mkdir()
    (folder / "specs" / "pytweets.toml").write_text(before + OWN_BASE % upstream + versions)
    return folder


def _eventually_listens(address: str) -> None:
    host, _, port = address.partition(":")
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with socket.socket() as client:
            if client.connect_ex((host, int(port))) == 0:
                return
    pytest.fail(f"nothing listens at {address}")
