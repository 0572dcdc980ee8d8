"""A program on a terminal of its own: it behaves as on ours, and does not have ours."""

from __future__ import annotations

import fcntl
import os
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[3]
RUN = f"""
import fcntl, os, sys, termios
sys.path.append({str(CHECKOUT)!r})
from pipeline.bootstrap.privileges import child
from pipeline.bootstrap.terminal import run_apart
if os.isatty(0):
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
sys.exit(run_apart(child, sys.argv[1:], cwd=None, environment=dict(os.environ)))
"""
TIMEOUT = 30.0
READY = b"ready\r\n"

Step = Callable[[subprocess.Popen[bytes], int], object]


def resized(rows: int, columns: int) -> Step:
    size = struct.pack("HHHH", rows, columns, 0, 0)
    return lambda _program, main: fcntl.ioctl(main, termios.TIOCSWINSZ, size)


def typed(keys: bytes) -> Step:
    return lambda _program, main: os.write(main, keys)


def told(number: int) -> Step:
    return lambda program, _main: program.send_signal(number)


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    main, ours = os.openpty()
    fcntl.ioctl(main, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 77, 0, 0))
    yield main, ours
    os.close(main)


def shown(terminal: tuple[int, int], script: str, step: Step | None = None) -> tuple[bytes, int]:
    """What the terminal shows of a shell's script, and its exit code.

    Args:
        step: done when the script has said `ready`, which is left out of the answer; and again
            whenever the terminal is silent.
    """
    main, ours = terminal
    argv = [sys.executable, "-IS", "-c", RUN, "/bin/sh", "-c", script]
    with subprocess.Popen(
        argv, stdin=ours, stdout=ours, stderr=ours, start_new_session=True
    ) as program:
        os.close(ours)
        said, deadline, waits = b"", time.monotonic() + TIMEOUT, step is not None
        while time.monotonic() < deadline:
            if select.select([main], [], [], 1)[0]:
                try:
                    said += os.read(main, 1 << 16)
                except OSError:  # nobody has the terminal any more
                    break
                if not waits or READY not in said:
                    continue
                said, waits = said.replace(READY, b""), False
            if step is not None and not waits:
                step(program, main)
        return said, program.wait(TIMEOUT)


def test_it_has_a_terminal_of_our_size_and_reads_what_is_typed(terminal: tuple[int, int]) -> None:
    said, code = shown(
        terminal, "stty size; echo ready; read x; echo got $x; exit 7", typed(b"hello\n")
    )
    assert said == b"30 77\r\nhello\r\ngot hello\r\n"
    assert code == 7


@pytest.mark.parametrize(
    ("step", "name", "answer"),
    [
        (typed(b"\x03"), "INT", b"^Cgot\r\n"),
        (typed(b"\x1c"), "QUIT", b"^\\got\r\n"),
        (told(signal.SIGTERM), "TERM", b"got\r\n"),
        (told(signal.SIGHUP), "HUP", b"got\r\n"),
        (told(signal.SIGINT), "INT", b"got\r\n"),
    ],
)
def test_keys_and_signals_reach_it(
    terminal: tuple[int, int], step: Step, name: str, answer: bytes
) -> None:
    script = f'trap "echo got; exit 3" {name}; echo ready; sleep 20 & while :; do wait; done'
    assert shown(terminal, script, step) == (answer, 3)


def test_a_new_size_reaches_it(terminal: tuple[int, int]) -> None:
    script = 'trap "stty size; exit 5" WINCH; echo ready; sleep 20 & while :; do wait; done'
    assert shown(terminal, script, resized(10, 20)) == (b"10 20\r\n", 5)


def test_all_that_it_says_is_shown_and_its_end_is_ours(terminal: tuple[int, int]) -> None:
    said, code = shown(
        terminal, "i=0; while [ $i -lt 9999 ]; do i=$((i+1)); echo $i; done; kill -9 $$"
    )
    assert said.split() == [str(number).encode() for number in range(1, 10_000)]
    assert code == 128 + signal.SIGKILL


def test_it_can_be_stopped_and_go_on(terminal: tuple[int, int]) -> None:
    said, code = shown(terminal, "echo ready; kill -STOP $$; echo b", told(signal.SIGCONT))
    assert (said, code) == (b"b\r\n", 0)


def test_what_it_leaves_behind_has_no_terminal(terminal: tuple[int, int], tmp_path: Path) -> None:
    reader = f"trap '' HUP; echo begun; cat > {tmp_path}/stolen; echo $? > {tmp_path}/code"
    said, code = shown(terminal, f"({reader}) <&0 & sleep 0.5")
    assert (said, code) == (b"begun\r\n", 0)
    deadline = time.monotonic() + TIMEOUT
    while not (tmp_path / "code").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert (tmp_path / "stolen").read_bytes() == b""


def test_pipes_are_handed_on_as_they_are() -> None:
    argv = [sys.executable, "-IS", "-c", RUN, "/bin/sh", "-c", "cat; tty; echo err >&2; exit 4"]
    done = subprocess.run(argv, input=b"in\n", capture_output=True, check=False)
    assert (done.stdout, done.stderr, done.returncode) == (b"in\nnot a tty\n", b"err\n", 4)


def test_where_the_output_goes_elsewhere_the_keys_are_left_to_that(
    terminal: tuple[int, int],
) -> None:
    main, ours = terminal
    os.write(main, b"for the pager\n")
    argv = [sys.executable, "-IS", "-c", RUN, "/bin/sh", "-c", "cat; echo shown >&2; exit 6"]
    done = subprocess.run(
        argv, stdin=ours, stdout=subprocess.PIPE, stderr=ours, start_new_session=True, check=False
    )
    assert (done.stdout, done.returncode) == (b"", 6)
    assert os.read(ours, 100) == b"for the pager\n"
    os.close(ours)
    assert b"shown\r\n" in os.read(main, 100)
