"""A user's set-up without root: a real environment from the real index, and its bad ends."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration

CHECKOUT = Path(__file__).parents[3]
UNREACHABLE = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_RETRIES": "0"}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the checkout, unprepared, in a folder with a space in its name."""
    folder = tmp_path / "a checkout"
    folder.mkdir()
    for name in ("capas", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy2(CHECKOUT / name, folder)
    for name in ("pipeline", "specs", "containers", "docs"):
        shutil.copytree(
            CHECKOUT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__")
        )
    return folder


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A PATH with a shell and a Python and nothing else: no Podman, no apt, no sudo."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "python3").symlink_to(Path(sys.executable).resolve())
    for tool in ("sh", "dash"):
        if found := shutil.which(tool):
            (folder / tool).symlink_to(found)
    return folder


def start(checkout: Path, *arguments: str, path: Path, **more: str) -> subprocess.Popen[str]:
    pip = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    return subprocess.Popen(
        [str(checkout / "capas"), *arguments],
        env={**pip, "PATH": str(path), "HOME": os.environ["HOME"], **more},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        start_new_session=True,
    )


def run(checkout: Path, *arguments: str, path: Path, **more: str) -> tuple[int, str, str]:
    process = start(checkout, *arguments, path=path, **more)
    said, told = process.communicate()
    return process.returncode, said, told


def test_without_podman_and_without_sudo_the_administrators_line_is_told(
    checkout: Path, path: Path
) -> None:
    (path / "apt-get").write_text("#!/bin/sh\nexit 1\n")
    (path / "apt-get").chmod(0o755)
    code, said, told = run(checkout, "build", path=path)
    assert (code, said) == (4, "")
    assert "error: not installed here: podman buildah" in told
    assert "→ ask the administrator for: apt-get install --yes" in told
    assert not (checkout / ".venv").exists()


def test_without_a_package_manager_it_says_what_to_install(checkout: Path, path: Path) -> None:
    code, said, told = run(checkout, "build", path=path)
    assert (code, said) == (4, "")
    assert "no package manager that capas knows" in told


def test_an_interrupted_set_up_is_mended_and_validate_needs_no_podman(
    checkout: Path, path: Path
) -> None:
    code, _, told = run(checkout, "validate", path=path, **UNREACHABLE)
    assert code == 1
    assert "the package index does not answer" in told
    assert "Traceback" not in told

    killed = start(checkout, "validate", path=path)
    deadline = time.monotonic() + 60
    while not (checkout / ".venv" / "bin" / "pip").exists():  # half made
        assert killed.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.01)  # a folder of another process tells nobody that it changed
    os.killpg(killed.pid, signal.SIGKILL)
    killed.communicate()
    assert not list((checkout / ".venv").glob("ready-*"))

    code, said, told = run(checkout, "--version", path=path)
    assert (code, said.split()[0]) == (0, "capas")
    assert "capas prepares this machine" in told
    code, said, told = run(checkout, "--version", path=path)
    assert (code, told) == (0, "")
