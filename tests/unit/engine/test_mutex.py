"""One command at a time, also of those from elsewhere, and a dead one holds nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.deploy.apply.remote_mutex import far_mutex
from pipeline.engine.mutex import mutex
from pipeline.engine.remote_host import ContainerHost
from pipeline.errors import CapasError, EngineError

HERE = """
import sys
from pipeline.engine.mutex import mutex
with mutex("p", {"XDG_RUNTIME_DIR": sys.argv[1]}, print):
    print("held", flush=True)
    sys.stdin.read()
"""
AFAR = """
import sys
from pipeline.deploy.apply.remote_mutex import far_mutex
from pipeline.engine.remote_host import ContainerHost
with far_mutex(ContainerHost(), "p", print):
    print("held", flush=True)
    sys.stdin.read()
"""


def holder(folder: Path, code: str = HERE) -> subprocess.Popen[str]:
    checkout = str(Path(__file__).parents[3])
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(folder)],
        env={**os.environ, "PYTHONPATH": checkout, "XDG_RUNTIME_DIR": str(folder)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_held_one_says_who_holds_it_and_a_dead_holder_gives_it_back(
    tmp_path: Path,
) -> None:
    environment = {"XDG_RUNTIME_DIR": str(tmp_path)}
    told: list[str] = []
    with holder(tmp_path) as process:
        with (
            pytest.raises(CapasError, match="another command is working on p") as raised,
            mutex("p", environment, told.append, deadline=0.0),
        ):
            pytest.fail("it was held")
        assert f"process {process.pid}" in raised.value.details
        assert f"process {process.pid}" in told[0]
        with mutex("q", environment, told.append, deadline=0.0):
            pass
        process.kill()
    with mutex("p", environment, told.append, deadline=0.0):
        assert len(told) == 1


def test_one_from_elsewhere_keeps_others_off_and_gives_it_back_when_it_is_killed(
    tmp_path: Path,
) -> None:
    environment = {"XDG_RUNTIME_DIR": str(tmp_path)}
    told: list[str] = []
    with holder(tmp_path, AFAR) as process:
        with (
            pytest.raises(CapasError, match="another command is working on p") as raised,
            mutex("p", environment, told.append, deadline=0.0),
        ):
            pytest.fail("it was held")
        assert f"process {process.pid} of " in raised.value.details
        process.kill()
    with mutex("p", environment, told.append, deadline=10.0):
        pass


def test_one_from_elsewhere_waits_for_one_that_was_begun_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    told: list[str] = []
    with holder(tmp_path) as process:
        with (
            pytest.raises(CapasError, match="another command is working on p") as raised,
            far_mutex(ContainerHost(), "p", told.append, deadline=1.0),
        ):
            pytest.fail("it was held")
        assert f"process {process.pid}" in raised.value.details
        assert f"process {process.pid}" in told[0]
        with far_mutex(ContainerHost(), "q", told.append, deadline=1.0):
            pass
        process.kill()
    with far_mutex(ContainerHost(), "p", told.append, deadline=1.0):
        assert len(told) == 1


def test_a_machine_without_flock_is_told_from_one_that_is_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    for name in ("sh", "cat", "id", "mkdir"):
        (tmp_path / name).symlink_to(shutil.which(name) or name)
    monkeypatch.setenv("PATH", str(tmp_path))
    with (
        pytest.raises(EngineError, match="nothing can be locked"),
        far_mutex(ContainerHost(), "p", print),
    ):
        pytest.fail("there is no flock")
