"""The wheel: everything that capas needs outside a checkout is in it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from pipeline.engine import command

pytestmark = pytest.mark.integration


def run(
    installed: Path, environment: Mapping[str, str], cwd: Path, *arguments: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(installed / "bin" / "capas"), *arguments],
        cwd=cwd,
        env={**environment, "PYTHONPATH": str(installed)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def test_a_new_project_is_made_and_checked_outside_a_checkout(
    installed: Path, environment: Mapping[str, str], tmp_path: Path
) -> None:
    asked = "import pipeline; print(pipeline.__file__)"
    alone = {**os.environ, "PYTHONPATH": str(installed)}
    where = command.run([sys.executable, "-c", asked], environment=alone, cwd=tmp_path)
    assert where.stdout.startswith(str(installed))
    made = run(installed, environment, tmp_path, "init", "--name", "my-app")
    assert made.returncode == 0, made.stderr
    checked = run(installed, environment, tmp_path, "validate")
    assert checked.returncode == 0, checked.stderr


def test_the_projects_own_tests_are_not_in_it(
    installed: Path, environment: Mapping[str, str], tmp_path: Path
) -> None:
    done = run(installed, environment, tmp_path, "test")
    assert done.returncode == 2
    assert "run this command in a checkout" in done.stderr


def test_pytweets_is_brought_along_for_the_demo(
    installed: Path, environment: Mapping[str, str], tmp_path: Path
) -> None:
    bring = "from pathlib import Path; from pipeline.course.project import course_spec as c; "
    alone = {**os.environ, "PYTHONPATH": str(installed)}
    argv = [sys.executable, "-c", f"{bring} print(c(Path.cwd()))"]
    spec = Path(command.run(argv, environment=alone, cwd=tmp_path).stdout.strip())
    assert spec == tmp_path / "pytweets" / "specs" / "pytweets.toml"
    checked = run(installed, environment, tmp_path, "validate", "--spec", str(spec))
    assert checked.returncode == 0, checked.stderr
    assert command.run(argv, environment=alone, cwd=tmp_path).stdout.strip() == str(spec)


def test_findings_lead_to_the_page_of_the_rules(
    installed: Path, environment: Mapping[str, str], tmp_path: Path
) -> None:
    (tmp_path / "odd.toml").write_text('name = "odd"\nunknown = 1\n')
    done = run(installed, environment, tmp_path, "validate", "--spec=odd.toml", "--format=sarif")
    (rule,) = json.loads(done.stdout)["runs"][0]["tool"]["driver"]["rules"]
    page, _, anchor = rule["helpUri"].removeprefix("file://").partition("#")
    assert page == str(installed / "pipeline" / "docs" / "rules.md")
    assert f'<a id="{anchor}"></a>CAP003' in Path(page).read_text()
