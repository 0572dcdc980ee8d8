"""The steps of the composite action, run as a runner runs them."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]
SPEC = 'name = "x"\n[images.x.versions]\n"1.0" = { context = "../c" }\n'


def run_step(number: int, folder: Path, **inputs: str) -> subprocess.CompletedProcess[str]:
    """A step of the action, and what it said."""
    action = yaml.safe_load((ROOT / "action.yml").read_text())
    values = {f"inputs.{name}": given["default"] for name, given in action["inputs"].items()}
    values |= {f"inputs.{name.replace('_', '-')}": value for name, value in inputs.items()}
    values |= {"github.action_path": str(ROOT), "runner.temp": str(folder / "runner")}
    step = action["runs"]["steps"][number]
    return subprocess.run(
        # The flags that a runner gives to `shell: bash`.
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
        cwd=folder / "project",
        env={**os.environ, **filled(step["env"], values)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def filled(env: Mapping[str, str], values: Mapping[str, str]) -> dict[str, str]:
    return {
        name: re.sub(r"\$\{\{ ([\w.-]+) \}\}", lambda found: values[found[1]], text)
        for name, text in env.items()
    }


@pytest.mark.timeout(600)
def test_the_action_installs_and_tells_findings(tmp_path: Path) -> None:
    project = tmp_path / "project"
    (project / "specs").mkdir(parents=True)
    (project / "c").mkdir()
    (tmp_path / "runner").mkdir()
    (project / "specs" / "x.toml").write_text(SPEC)
    containerfile = project / "c" / "Containerfile"

    containerfile.write_text("FROM debian:12\nCOPI a b\n")
    installed = run_step(0, tmp_path)
    assert installed.returncode == 0, installed.stderr
    done = run_step(1, tmp_path, sarif_file="out.sarif")
    assert done.returncode == 2, done.stderr
    assert "::error file=c/Containerfile,line=2,col=1," in done.stdout
    sarif = json.loads((project / "out.sarif").read_text())
    assert [result["ruleId"] for result in sarif["runs"][0]["results"]] == ["CAP202"]

    containerfile.write_text("FROM debian\n")
    assert run_step(1, tmp_path).returncode == 0
    assert run_step(1, tmp_path, fail_on="warning", specs="specs/x.toml\n\n").returncode == 2
