"""Builds at one moment give the images that they give one after the other."""

from __future__ import annotations

import os
import random
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pipeline.engine import command
from pipeline.engine.images import inspect_image
from tests.integration.conftest import Capas

pytestmark = pytest.mark.integration

ROUNDS = int(os.environ.get("CAPAS_SOAK_BUILDS", "1"))
"""Times that the builds begin together; a soak sets more."""
AT_ONCE = 3
STEPS = "\n".join(f"ENV K{number}={number}\nCOPY f /f{number}" for number in range(6))


def write(folder: Path, pipeline: str, base: str, content: str) -> Path:
    """A pipeline of two versions that begin with the same steps."""
    for version in ("1", "2"):
        context = folder / version
        context.mkdir(parents=True, exist_ok=True)
        (context / "f").write_text(content)
        text = f"FROM {base}\nENV SAME=1\n{STEPS}\nENV VERSION={version}\n"
        (context / "Containerfile").write_text(text)
    (folder / "specs").mkdir(exist_ok=True)
    versions = "\n".join(f'"{one}" = {{ context = "../{one}" }}' for one in ("1", "2"))
    spec = f'name = "{pipeline}"\n[images.{pipeline}.versions]\n{versions}\n'
    (folder / "specs" / f"{pipeline}.toml").write_text(spec)
    return folder


def images(environment: Mapping[str, str], pipeline: str) -> list[tuple[str, list[str]]]:
    """The ids of both versions, and what their histories say they were built on."""
    found = (inspect_image(environment, f"localhost/{pipeline}:{one}") for one in ("1", "2"))
    return [(image.id, [past.comment for past in image.history]) for image in found]


def forget(environment: Mapping[str, str], *pipelines: str) -> None:
    """Remove the images and all that they were made of step by step."""
    names = [f"localhost/{one}:{version}" for one in pipelines for version in ("1", "2")]
    command.run(["podman", "rmi", "--force", *names], environment=environment)


def test_builds_at_one_moment_make_the_same_images(
    capas: Capas, environment: Mapping[str, str], small_base: str, tmp_path: Path
) -> None:
    for _ in range(ROUNDS):
        content = str(random.random())
        folders = [write(tmp_path / name, name, small_base, content) for name in ("sbs", "sbt")]
        for folder in folders:
            capas("build", cwd=folder)
        wanted = [images(environment, folder.name) for folder in folders]
        assert "-tmp" not in str(wanted)
        forget(environment, "sbs", "sbt")
        with ThreadPoolExecutor(2 * AT_ONCE) as pool:
            begun = [pool.submit(capas, "build", cwd=folder) for folder in folders * AT_ONCE]
            said = [one.result().stderr for one in begun]
        assert [images(environment, folder.name) for folder in folders] == wanted
        assert any("waiting for another build" in one for one in said)
