"""The doctor on the machine that the tests run on: what it says is what Podman says."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from pipeline.engine import command
from tests.integration.conftest import Capas

pytestmark = pytest.mark.integration


def test_what_it_says_is_what_podman_says(
    capas: Capas, environment: Mapping[str, str], tmp_path: Path
) -> None:
    told = json.loads(capas("doctor", "--format=json", cwd=tmp_path).stdout)
    argv = ["podman", "info", "--format=json"]
    info = json.loads(command.run(argv, environment=environment).stdout)
    checks = {check["subject"]: check for check in told["checks"]}
    assert told["able"] is True
    assert checks["runtime"]["choice"] == info["host"]["ociRuntime"]["name"]
    assert checks["storage"]["choice"] == info["store"]["graphDriverName"]
    assert told["facts"]["basics"]["storage"]["graphroot"] == info["store"]["graphRoot"]
    v2 = told["facts"]["basics"]["cgroups"]["mode"] == "v2"
    assert info["host"]["cgroupVersion"] == ("v2" if v2 else "v1")
    mapped = sum(entry["size"] for entry in info["host"]["idMappings"]["uidmap"])
    assert told["facts"]["subuids"] == mapped - 1


def test_pause_is_judged_as_podman_judges_it(
    capas: Capas, environment: Mapping[str, str], small_base: str, label: str, tmp_path: Path
) -> None:
    told = json.loads(capas("doctor", "--format=json", cwd=tmp_path).stdout)
    (pause,) = [check for check in told["checks"] if check["subject"] == "pause"]
    run = ["podman", "run", "--detach", f"--label={label}", small_base, "sleep", "600"]
    container = command.run(run, environment=environment).stdout.strip()
    try:
        argv = ["podman", "pause", container]
        done = command.run(argv, environment=environment, check=False)
        assert (done.returncode == 0) is (pause["state"] == "ok")
    finally:
        command.run(["podman", "rm", "--force", "--time=0", container], environment=environment)


def test_it_works_without_podman_and_says_what_stops(capas: Capas, tmp_path: Path) -> None:
    done = capas("doctor", cwd=tmp_path, check=False, PATH="/nonexistent")
    assert done.returncode == 4
    assert "podman, buildah" in done.stdout
    assert "ask the administrator: " in done.stdout
    assert "This host cannot do it" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unknown_format_is_bad_usage(capas: Capas, tmp_path: Path) -> None:
    done = capas("doctor", "--format=yaml", cwd=tmp_path, check=False)
    assert done.returncode == 2
    assert "text, json" in done.stderr
