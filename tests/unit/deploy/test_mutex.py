"""One command at a time, and a dead one holds nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.deploy.mutex import mutex
from pipeline.errors import CapasError

HOLD = """
import sys
from pipeline.deploy.mutex import mutex
with mutex("p", {"XDG_RUNTIME_DIR": sys.argv[1]}, print):
    print("held", flush=True)
    sys.stdin.read()
"""


def holder(folder: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_held_one_must_say_who_holds_it_and_a_dead_holder_must_give_it_back(
    tmp_path: Path,
) -> None:
    environment = {"XDG_RUNTIME_DIR": str(tmp_path)}
    told: list[str] = []
    with holder(tmp_path) as process:
        with (
            pytest.raises(CapasError, match="another command works on p") as raised,
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
