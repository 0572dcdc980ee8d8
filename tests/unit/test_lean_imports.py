"""Modules that are read when they are used: nobody notices, and nobody pays before."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.lean_imports import _NAMES

ROOT = Path(__file__).parents[2]
BEGUN = "import sys; from pipeline.lean_imports import import_later; import_later()\n"


def said(code: str) -> list[str]:
    argv = [sys.executable, "-c", BEGUN + code]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.split()


@pytest.mark.parametrize("name", _NAMES)
def test_a_module_is_the_real_one_when_it_is_used(name: str) -> None:
    code = f"""
import {name} as later
before = type(later).__name__
getattr(later, "no_such_name", None)
import {name} as real
public = [one for one in vars(real) if not one.startswith("_") and one != "getLogger"]
print(before, all(getattr(later, one) is getattr(real, one) for one in public))
"""
    assert said(code) == ["Later", "True"]


def test_what_is_taken_by_name_is_the_real_thing() -> None:
    code = """
from tempfile import mkdtemp
import tempfile, types
print(mkdtemp.__module__, type(tempfile) is types.ModuleType)
"""
    assert said(code) == ["tempfile", "True"]


def test_threads_run_without_logging_until_something_is_logged() -> None:
    code = """
from concurrent.futures import ThreadPoolExecutor
with ThreadPoolExecutor(2) as pool:
    print(sum(pool.map(int, "123")))
print(type(sys.modules["logging"]).__name__)
import concurrent.futures._base as base
base.LOGGER.warning("%s", "heard")
print(type(sys.modules["logging"]).__name__, base.LOGGER.name)
"""
    assert said(code) == ["6", "Later", "module", "concurrent.futures"]


def test_modules_that_are_there_already_stay() -> None:
    code = """
import logging as before
from pipeline.lean_imports import import_later
import_later()
import logging
print(logging is before)
"""
    argv = [sys.executable, "-c", code]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True"]


def test_subprocesses_and_their_errors() -> None:
    code = """
import subprocess
try:
    subprocess.run(["false"], check=True)
except subprocess.CalledProcessError as error:
    print(error.returncode, isinstance(error, subprocess.SubprocessError))
"""
    assert said(code) == ["1", "True"]
