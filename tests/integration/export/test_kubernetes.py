"""What is exported for Kubernetes runs in Podman, too."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipeline.engine import command
from tests.integration.conftest import Capas

pytestmark = pytest.mark.integration


@dataclass(frozen=True)
class Played:
    """What Podman made of the exported manifests.

    Attributes:
        names: of its containers.
        said: its warnings.
    """

    names: list[str]
    said: str


@contextmanager
def play(capas: Capas, environment: Mapping[str, str], folder: Path, spec: str) -> Iterator[Played]:
    """A spec named `moved`, exported and played."""
    (folder / "specs").mkdir()
    (folder / "specs" / "moved.toml").write_text(f'name = "moved"\n{spec}')
    done = capas("export", "--format", "kubernetes", "--output", "k8s", cwd=folder)
    manifest = str(folder / done.stdout.strip())
    said = command.run(["podman", "play", "kube", manifest], environment=environment).stderr
    rows = command.run(["podman", "ps", "--format=json"], environment=environment).stdout
    names = [row["Names"][0] for row in json.loads(rows) if row["Names"][0].endswith("-web")]
    try:
        yield Played(names, said)
    finally:
        command.run(["podman", "play", "kube", "--down", manifest], environment=environment)
        command.run(["podman", "volume", "rm", "moved-data"], environment=environment)


def web(image: str) -> str:
    return (
        f'[services.web]\nimage = "{image}"\n'
        'command = ["python", "-m", "http.server", "5000", "--directory", "/data"]\n'
        'ports = ["18870:5000"]\nvolumes = ["data:/data"]\nstop_grace_period = "0s"\n'
    )


@pytest.fixture
def played(
    capas: Capas, environment: Mapping[str, str], small_base: str, tmp_path: Path
) -> Iterator[Played]:
    """Two replicas, exported and played."""
    spec = f"{web(small_base)}replicas = 2\n[volumes.data]\n"
    with play(capas, environment, tmp_path, spec) as done:
        yield done


def test_one_that_writes_alone_is_played_too(
    capas: Capas, environment: Mapping[str, str], small_base: str, tmp_path: Path
) -> None:
    spec = f"{web(small_base)}[volumes.data]\nexclusive = true\n"
    with play(capas, environment, tmp_path, spec) as played:
        assert len(played.names) == 1
        assert "strategy" not in played.said.lower()


def test_the_replicas_serve_from_one_volume(played: Played, environment: Mapping[str, str]) -> None:
    # Podman 5.8 and newer make one replica of a Deployment, and say so (docs/export.md).
    assert len(played.names) == (1 if "Limiting replica count to 1" in played.said else 2)
    one, other = played.names[0], played.names[-1]
    put = ["podman", "exec", one, "sh", "-c", "echo shared > /data/file"]
    command.run(put, environment=environment)
    ask = ["podman", "exec", other, "wget", "-q", "-O", "-", "http://127.0.0.1:5000/file"]
    deadline = time.monotonic() + 30
    while (done := command.run(ask, environment=environment, check=False)).returncode != 0:
        assert time.monotonic() < deadline, done.stderr
        time.sleep(0.05)
    assert done.stdout == "shared\n"
