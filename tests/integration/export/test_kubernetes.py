"""What is exported for Kubernetes runs in Podman, too."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from pipeline.engine import command
from tests.integration.conftest import Capas

pytestmark = pytest.mark.integration


@pytest.fixture
def played(
    capas: Capas, environment: Mapping[str, str], small_base: str, tmp_path: Path
) -> Iterator[list[str]]:
    """The names of the containers that the exported manifests make."""
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs" / "moved.toml").write_text(
        f'name = "moved"\n[services.web]\nimage = "{small_base}"\nreplicas = 2\n'
        'command = ["python", "-m", "http.server", "5000", "--directory", "/data"]\n'
        'ports = ["18870:5000"]\nvolumes = ["data:/data"]\nstop_grace_period = "0s"\n'
        "[volumes.data]\n"
    )
    done = capas("export", "--format", "kubernetes", "--output", "k8s", cwd=tmp_path)
    manifest = str(tmp_path / done.stdout.strip())
    command.run(["podman", "play", "kube", manifest], environment=environment)
    rows = command.run(["podman", "ps", "--format=json"], environment=environment).stdout
    yield [row["Names"][0] for row in json.loads(rows) if row["Names"][0].endswith("-web")]
    command.run(["podman", "play", "kube", "--down", manifest], environment=environment)
    command.run(["podman", "volume", "rm", "moved-data"], environment=environment)


def test_both_replicas_serve_from_one_volume(
    played: list[str], environment: Mapping[str, str]
) -> None:
    assert len(played) == 2
    one, other = played
    put = ["podman", "exec", one, "sh", "-c", "echo shared > /data/file"]
    command.run(put, environment=environment)
    ask = ["podman", "exec", other, "wget", "-q", "-O", "-", "http://127.0.0.1:5000/file"]
    deadline = time.monotonic() + 30
    while (done := command.run(ask, environment=environment, check=False)).returncode != 0:
        assert time.monotonic() < deadline, done.stderr
        time.sleep(0.05)
    assert done.stdout == "shared\n"
