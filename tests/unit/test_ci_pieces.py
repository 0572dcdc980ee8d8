"""The pieces for other people's CI are whole: they parse, and name what there is."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.output.findings.report import render_findings

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
SPEC = 'name = "x"\n[images.x.versions]\n"1.0" = { context = "../c" }\n'


def blocks(language: str) -> list[str]:
    return [
        text for name, text in BLOCK.findall((ROOT / "docs/ci.md").read_text()) if name == language
    ]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for folder in ("", "students/ann/"):
        (tmp_path / folder / "specs").mkdir(parents=True)
        (tmp_path / folder / "c").mkdir()
        (tmp_path / folder / "specs/x.toml").write_text(SPEC)
        (tmp_path / folder / "c/Containerfile").write_text("FROM debian:12\n")
    return tmp_path


def test_the_hook() -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert hook["entry"] == "capas validate"
    files = re.compile(hook["files"])
    for path in ("specs/a.toml", "c/Containerfile", "c/Dockerfile.dev", "c/.containerignore",
                 "c/Containerfile.dockerignore"):  # fmt: skip
        assert files.search(path), path
    for path in ("pyproject.toml", "specs/deep/a.toml", "docs/Containerfiles/x.md", "main.py"):
        assert not files.search(path), path


def test_the_action() -> None:
    action: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text())
    assert action["runs"]["using"] == "composite"
    for step in action["runs"]["steps"]:
        # A value put into the script itself could be a script of its own.
        assert "${{" not in step["run"]
        for value in step["env"].values():
            for name in re.findall(r"inputs\.([\w-]+)", value):
                assert name in action["inputs"]
        subprocess.run(["bash", "-n", "-c", step["run"]], check=True)
    render_findings([], action["inputs"]["format"]["default"])


def test_every_block_of_the_page_is_yaml() -> None:
    assert len(blocks("yaml")) == 4
    for text in blocks("yaml"):
        assert yaml.safe_load(text)


def test_every_command_of_the_page_runs(project: Path) -> None:
    scripts = [line for job in blocks("yaml") for line in re.findall(r"- (capas .*)", job)]
    scripts += [line for text in blocks("sh") for line in text.splitlines()]
    assert len(scripts) == 2
    for script in scripts:
        command = script.replace("capas", f"{shlex.quote(sys.executable)} -m pipeline", 1)
        environment = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}
        done = subprocess.run(
            ["bash", "-c", command], cwd=project, env=environment, capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr.decode()
    assert (project / "capas.xml").read_text().startswith("<?xml")
    assert '"count"' in (project / "findings.json").read_text()
