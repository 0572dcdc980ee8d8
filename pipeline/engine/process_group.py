"""The processes that a program and all that it started form: ended together."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

_POLL_SECONDS = 0.02


def end_group(process: subprocess.Popen[Any], grace: float = 10.0) -> None:
    """End a program started in its own session and all it started: SIGTERM, then SIGKILL.

    Args:
        process: its leader.
        grace: seconds between the two.
    """
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
            process.wait(timeout=grace)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue
        return


def end_stragglers(group: int, grace: float = 10.0) -> None:
    """Wait until the last process of a group has ended.

    The leader may end before those that it started, and they may be starting something meanwhile.

    Args:
        group: the id of its leader, which has been told to end.
        grace: seconds; what has not ended then is killed.
    """
    deadline = time.monotonic() + grace
    while living := _living(group):
        if time.monotonic() > deadline:
            for pid in living:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            return
        time.sleep(_POLL_SECONDS)  # a pidfd tells of one process, nothing of a group


def _living(group: int) -> list[int]:
    """The processes of a group that have not ended."""
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return []
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            # proc_pid_stat(5): the name, which may hold anything, stands in the last parentheses.
            state, _parent, of = stat.read_bytes().rpartition(b")")[2].split()[:3]
            if int(of) == group and state not in b"ZX":
                found.append(int(stat.parent.name))
    return found
