"""The program's start leaves out what it does not use of Invoke, and takes nothing away."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

LEFT_OUT = {"asyncio", "importlib.metadata", "unittest.mock", "yaml", "invoke.vendor.yaml"}


def said(code: str, folder: Path | None = None) -> list[str]:
    """The lines that a new interpreter prints after Invoke was imported as the program does."""
    begun = "import sys; from pipeline.lean_invoke import import_invoke; import_invoke()\n"
    argv = [sys.executable, "-c", begun + code]
    return subprocess.run(
        argv, cwd=folder, capture_output=True, text=True, check=True
    ).stdout.split()


def test_a_command_reads_nothing_that_invoke_alone_would_use() -> None:
    code = "import pipeline.tasks.collection, pipeline.tasks.program\nprint(*sys.modules)"
    assert not LEFT_OUT & set(said(code))


def test_what_was_left_out_is_there_when_it_is_asked_for() -> None:
    code = """
import invoke, invoke.util, importlib.metadata, unittest.mock
print(invoke.__version__ == importlib.metadata.version("invoke"))
print(invoke.util.yaml.safe_load("held: True")["held"])
context = invoke.MockContext(run=invoke.Result("ran"))
print(context.run("anything").stdout, isinstance(context.run, unittest.mock.Mock))
print(hasattr(invoke, "nothing"))
"""
    assert said(code) == ["True", "True", "ran", "True", "False"]


def test_modules_of_others_stay_what_they_are() -> None:
    code = (
        "print(*(sys.modules[name].__name__ for name in ('unittest.mock', 'importlib.metadata')))"
    )
    begun = (
        "import unittest.mock, importlib.metadata\nfrom pipeline.lean_invoke import import_invoke\n"
    )
    more = "import sys; import_invoke(); import invoke; print('__version__' in vars(invoke))\n"
    argv = [sys.executable, "-c", begun + more + code]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "unittest.mock", "importlib.metadata"]


def test_a_projects_invoke_yaml_still_counts(tmp_path: Path) -> None:
    (tmp_path / "invoke.yaml").write_text("held: 7\n")
    code = """
from invoke.config import Config
config = Config(project_location=".", lazy=True)
config.load_project()
print(config["held"])
"""
    assert said(code, tmp_path) == ["7"]
