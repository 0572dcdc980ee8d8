"""A program is ended with all that it started."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.engine.process_group import end_group, end_stragglers

IGNORING = "import signal, time; signal.signal(15, signal.SIG_IGN); print(1, flush=True)"
"""A program that a SIGTERM does not end."""


def test_a_group_that_ignores_sigterm_is_killed() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", f"{IGNORING}; time.sleep(600)"],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with process:
        assert process.stdout is not None
        process.stdout.readline()
        watch = threading.Thread(target=end_group, args=(process, 0.2))
        watch.start()
        assert process.wait(timeout=20) == -9
        watch.join()


@contextmanager
def leader_that_ends_first(straggler: str) -> Iterator[subprocess.Popen[str]]:
    """A program that a SIGTERM ends; not so the one that it started, which says 1 and ends last."""
    starting = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {straggler!r}])"
    process = subprocess.Popen(
        [sys.executable, "-c", starting],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with process:
        assert process.stdout is not None
        process.stdout.readline()
        end_group(process)
        yield process


def test_what_a_program_started_is_waited_for() -> None:
    with leader_that_ends_first(f"{IGNORING}; time.sleep(0.5); print('whole')") as process:
        end_stragglers(process.pid)
        assert process.stdout is not None
        assert process.stdout.read() == "whole\n"


def test_what_a_program_started_and_does_not_end_is_killed() -> None:
    with leader_that_ends_first(f"{IGNORING}; time.sleep(5); print('whole')") as process:
        end_stragglers(process.pid, 0.2)
        assert process.stdout is not None
        assert process.stdout.read() == "", "its end of the pipe is closed"


def test_a_group_that_has_ended_is_not_waited_for() -> None:
    process = subprocess.Popen(["true"], start_new_session=True)
    process.wait()
    end_stragglers(process.pid)


def test_one_of_a_group_that_has_ended_and_that_nobody_asked_for_is_not_waited_for() -> None:
    leader = subprocess.Popen(["sleep", "60"], preexec_fn=os.setpgrp)  # noqa: PLW1509 (no threads)
    group = leader.pid
    member = subprocess.Popen(["true"], preexec_fn=lambda: os.setpgid(0, group))  # noqa: PLW1509
    leader.kill()
    leader.wait()
    while b"Z" not in Path(f"/proc/{member.pid}/stat").read_bytes().rpartition(b")")[2]:
        pass
    began = time.monotonic()
    end_stragglers(group, 6)
    assert time.monotonic() - began < 4
    member.wait()
