"""Tools of the set-up in a session of their own."""

from __future__ import annotations

import os
import subprocess
import time

import pytest

from pipeline.bootstrap.tools import ended

READY = "echo ready; sleep 600 & wait"


@pytest.mark.parametrize("script", [READY, f"trap '' INT; {READY}", f"trap 'exit 3' INT; {READY}"])
def test_an_interruption_ends_a_tool_and_all_that_it_started(script: str) -> None:
    process = subprocess.Popen(
        ["sh", "-c", script], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    with pytest.raises(KeyboardInterrupt):
        _interrupt(process)
    deadline = time.monotonic() + 10
    while _lives(process.pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not _lives(process.pid)


def _interrupt(process: subprocess.Popen[str]) -> None:
    with process, ended(process, 0.3):
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        raise KeyboardInterrupt


def _lives(group: int) -> bool:
    """Whether a process of a group is still there."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True
