"""`invoke TASK` with an Invoke that is not ours: what is missing is said in one line."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import invoke
import pytest

from pipeline.bootstrap.needs import MODULES
from pipeline.scaffold.project import apply_files, plan_files

CHECKOUT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python that has Invoke and nothing else of what capas needs."""
    made = tmp_path_factory.mktemp("alone") / "venv"
    base = getattr(sys, "_base_executable", sys.executable)
    subprocess.run([base, "-IS", "-m", "venv", "--without-pip", made], check=True)
    (site,) = made.glob("lib/python*/site-packages")
    package = Path(invoke.__file__).parent
    for part in (package, *package.parent.glob("invoke-*.dist-info")):
        (site / part.name).symlink_to(part)
    return made / "bin" / "python"


def said(python: Path, folder: Path, *words: str, **variables: str) -> tuple[int, str]:
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), **variables}
    script = folder.parent / "invoke" if folder != CHECKOUT else python.with_name("invoke")
    script.write_text("from invoke.main import program\nprogram.run()\n")
    argv = [str(python), str(script), *words]
    done = subprocess.run(
        argv, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


def test_in_the_checkout(python: Path) -> None:
    code, told = said(python, CHECKOUT, "build", "--version", "1.1")
    assert code == 4, told
    assert told.startswith("error: the Python of this `invoke` has no jinja2, jsonschema")
    assert told.count("\n") == 1


def test_in_a_new_project(python: Path, tmp_path: Path) -> None:
    apply_files(tmp_path, plan_files("shop", None))
    code, told = said(python, tmp_path, "build", "--version", "1.1")
    assert code == 4, told
    assert told.startswith("error: the Python of this `invoke` has no capas (No module named ")
    assert told.count("\n") == 1


def test_modules_of_a_project_stand_in_for_none_of_ours(tmp_path: Path) -> None:
    apply_files(tmp_path, plan_files("shop", None))
    (tmp_path / "pipeline").mkdir()
    for name in ("pipeline/__init__.py", "textwrap.py", "jsonschema.py"):
        (tmp_path / name).write_text("raise SystemExit(__file__)\n")
    code, told = said(Path(sys.executable), tmp_path, "validate", PYTHONPATH=str(CHECKOUT))
    assert code == 0, told


def test_the_modules_are_those_of_the_dependencies() -> None:
    text = (CHECKOUT / "pyproject.toml").read_text()
    declared = text.split("dependencies = [", 1)[1].split("]", 1)[0]
    names = [line.strip().strip('",').split(">=")[0] for line in declared.strip().splitlines()]
    assert sorted(names) == sorted("PyYAML" if name == "yaml" else name for name in MODULES)
