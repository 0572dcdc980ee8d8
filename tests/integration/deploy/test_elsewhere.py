"""With CONTAINER_HOST at another store: builds are made here, and what is left here is told."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from pipeline.engine.service import api_service
from tests.integration.conftest import Capas
from tests.integration.storage import Store, session_store

pytestmark = pytest.mark.integration

SPEC = """
name = "away"
[images.away.versions]
"1.0" = { context = ".." }
[services.web]
image = "away"
"""


def test_an_image_left_here_is_reported_and_the_command_shown_brings_it(
    capas: Capas, store: Store, service: str, tmp_path: Path
) -> None:
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs" / "away.toml").write_text(SPEC)
    (tmp_path / "Containerfile").write_text('FROM scratch\nCOPY Containerfile /\nCMD ["/no"]\n')
    with session_store(os.environ) as other, api_service(other.environment) as uri:

        def run(*words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
            return capas(*words, cwd=tmp_path, check=check, CONTAINER_HOST=uri)

        early = run("deploy", "--dry-run", check=False)
        assert early.returncode == 1
        assert "localhost/away:1.0 is not in the store that CONTAINER_HOST names" in early.stderr
        assert "`capas build --version 1.0`, then copy it there" in early.stderr
        for task in ("plan", "build", "prune"):
            said = run(task).stderr
            assert "images are built into the store of this machine" in said
            assert f"its store is {other.graph}, that of this machine is {store.graph}" in said
        left = run("deploy", "--dry-run", check=False)
        assert "capas build" not in left.stderr
        told = left.stderr.rpartition("copy it there: `")[2].partition("`")[0]
        subprocess.run(
            ["sh", "-c", told], env={**store.environment, "CONTAINER_HOST": uri}, check=True
        )
        assert "create container away-web-1" in run("deploy", "--dry-run").stdout

        run("release", "--version=1.0")
        assert "create container away-web-1" in run("deploy", "--dry-run").stdout
        (tmp_path / "Containerfile").write_text("FROM scratch\nCOPY Containerfile /other\n")
        argv = ["buildah", "build", "-q", "-t", "localhost/away:1.0", str(tmp_path)]
        subprocess.run(argv, env=dict(other.environment), check=True, capture_output=True)
        refused = run("deploy", "--dry-run", check=False)
        assert refused.returncode == 3
        assert "in the store is not what was released" in refused.stderr


def test_the_same_store_behind_a_named_service_is_no_news(
    capas: Capas, service: str, tmp_path: Path
) -> None:
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs" / "away.toml").write_text(SPEC)
    (tmp_path / "Containerfile").write_text("FROM scratch\nCOPY Containerfile /\n")
    assert "note:" not in capas("build", cwd=tmp_path, CONTAINER_HOST=service).stderr
