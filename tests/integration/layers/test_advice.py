"""Advice on real builds: what is printed was built, and what did not hold is not printed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from pipeline.engine import command
from tests.integration.conftest import Capas

pytestmark = pytest.mark.integration

PROJECT = """name = "advice"
[images.advice.versions]
"1" = { context = "../v1" }
"2" = { context = "../v2" }
"""


def project(folder: Path, text: str) -> Path:
    """Two versions that differ in one small file; a big one is the same in both."""
    (folder / "specs").mkdir()
    (folder / "specs" / "advice.toml").write_text(PROJECT)
    for version in ("1", "2"):
        context = folder / f"v{version}"
        (context / "lib").mkdir(parents=True)
        (context / "lib" / "big").write_text("b" * 200_000)
        (context / "main").write_text(version)
        (context / "Containerfile").write_text(text)
    return folder


def images(environment: Mapping[str, str]) -> list[tuple[str, Any]]:
    """All images with their names, intermediate ones too."""
    argv = ["podman", "images", "--all", "--format=json"]
    found: list[dict[str, Any]] = json.loads(command.run(argv, environment=environment).stdout)
    return sorted((str(one["Id"]), one.get("Names")) for one in found)


def test_a_split_is_proposed_and_proved_and_leaves_nothing_behind(
    environment: Mapping[str, str], capas: Capas, tmp_path: Path
) -> None:
    folder = project(tmp_path, 'FROM scratch\nCOPY . /app\nCMD ["/app/main"]\n')
    capas("build", cwd=folder)
    before = images(environment)
    done = capas("report", "--prove", "--format", "json", cwd=folder)
    (advice,) = json.loads(done.stdout)["advice"]
    assert advice["proved"] is True
    assert "+COPY lib /app/lib\n" in advice["diff"]
    assert advice["new_bytes_after"] < 10_000
    assert advice["new_bytes_before"] > 200_000
    assert images(environment) == before


def test_what_a_build_refutes_is_not_printed(small_base: str, capas: Capas, tmp_path: Path) -> None:
    """The command needs the copied file, and nothing in its text says so."""
    run = 'RUN ["sh", "-c", "test -d /applic* && head -c 90000 /dev/zero > /made"]'
    folder = project(tmp_path, f"FROM {small_base}\nCOPY main /application/main\n{run}\n")
    capas("build", cwd=folder)
    unproved = capas("report", "--advise", cwd=folder).stdout
    assert "whether it needs them only a build can tell" in " ".join(unproved.split())
    proved = capas("report", "--prove", cwd=folder)
    assert "Tried and dropped: " in proved.stdout
    assert "+COPY" not in proved.stdout
    assert "+RUN" not in proved.stdout


def test_without_a_better_order_the_report_says_so(capas: Capas, tmp_path: Path) -> None:
    folder = project(tmp_path, "FROM scratch\nCOPY lib /app/lib\nCOPY main /app/main\n")
    capas("build", cwd=folder)
    done = capas("report", "--advise", cwd=folder)
    assert "No other order or split of instructions would have shared more." in done.stdout
