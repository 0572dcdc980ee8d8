"""One set-up of a checkout at a time, and nobody else can hold it up."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.bootstrap.machine import alone

CHECKOUT = Path(__file__).parents[3]
OTHER = f"""
import sys
sys.path.append({str(CHECKOUT)!r})
from pipeline.bootstrap.machine import alone
print("begun", flush=True)
with alone(sys.argv[1]):
    print("alone", flush=True)
"""


@pytest.mark.timeout(60)
def test_a_second_set_up_waits_for_the_first(tmp_path: Path) -> None:
    descriptor = os.open(tmp_path, os.O_RDONLY)
    argv = [sys.executable, "-IS", "-c", OTHER, str(tmp_path)]
    with alone(descriptor):
        other = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert other.stdout is not None
        assert other.stderr is not None
        assert other.stdout.readline() == "begun\n"
        assert "waiting for it" in other.stderr.readline()
    os.close(descriptor)
    assert other.communicate()[0] == "alone\n"
    assert other.returncode == 0


def test_nobody_else_can_open_the_lock(tmp_path: Path) -> None:
    with alone(str(tmp_path)):
        assert (tmp_path / ".venv.lock").stat().st_mode & 0o777 == 0o600


@pytest.mark.timeout(20)
@pytest.mark.parametrize("planted", ["a FIFO", "a link", "a folder"])
def test_what_is_planted_for_the_lock_is_neither_waited_for_nor_followed(
    tmp_path: Path, planted: str
) -> None:
    lock = tmp_path / "checkout" / ".venv.lock"
    lock.parent.mkdir()
    if planted == "a FIFO":
        os.mkfifo(lock)
    elif planted == "a link":
        lock.symlink_to(tmp_path / "elsewhere")
    else:
        lock.mkdir()
    with alone(str(lock.parent)):
        assert not (tmp_path / "elsewhere").exists()
