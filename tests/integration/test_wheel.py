"""The wheel: everything that capas needs outside a checkout is in it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from pipeline.engine import command

pytestmark = pytest.mark.integration

CHECKOUT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with nothing but the wheel installed in it; its dependencies are this Python's."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    source.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(CHECKOUT / name, source)
    ignored = shutil.ignore_patterns("__pycache__")
    for name in ("pipeline", "specs", "containers"):
        shutil.copytree(CHECKOUT / name, source / name, ignore=ignored)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    command.run([*pip, "wheel", "--no-deps", f"--wheel-dir={folder}", str(source)])
    (wheel,) = folder.glob("capas-*.whl")
    command.run([*pip, "install", "--no-deps", f"--target={folder / 'site'}", str(wheel)])
    return folder / "site"


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
