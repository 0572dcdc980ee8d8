"""PyTweets on a base from a registry: a real one, on the loopback."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from pipeline.engine import command
from tests.integration.conftest import CHECKOUT, Capas
from tests.integration.registry import Registry

pytestmark = pytest.mark.integration

OWN_BASE = """
[images.python-base.versions."3.12"]
context       = "../containers/python-base"
containerfile = "registry.Containerfile"
args          = { UPSTREAM = "%s" }
"""


def test_pytweets_builds_on_a_base_from_a_registry(
    registry: Registry,
    small_base: str,
    environment: Mapping[str, str],
    capas: Capas,
    tmp_path: Path,
) -> None:
    upstream = f"{registry.address}/library/python:3.12-slim"
    plain = tmp_path / "Containerfile"
    plain.write_text(f"FROM {small_base}\nRUN rm -rf /app\n")
    there = {**environment, **registry.settings}
    command.run(
        ["buildah", "build", "--layers", f"--tag={upstream}", f"--file={plain}", str(tmp_path)],
        environment=there,
    )
    command.run(["buildah", "push", upstream], environment=there)
    command.run(["buildah", "rmi", upstream], environment=there)

    project = _project(tmp_path / "project", upstream)
    capas("build", "--version", "1.1", cwd=project, check=True, **registry.settings)
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
