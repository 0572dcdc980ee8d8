"""A process that accompanies a command: up before the block begins, gone after it."""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal

from pipeline.engine.process_group import end_group
from pipeline.engine.programs import find_program
from pipeline.errors import EngineError
from pipeline.lean_dataclasses import dataclass

_LAST_LINES = 10


@dataclass(frozen=True)
class BackgroundProcess:
    """What is run, and when it is of use.

    Attributes:
        path: of the socket that it makes; removed at the end.
        ready: whether the socket is of use by now.
        seconds: until when it must be.
        when_killed: the signal that it gets when we are killed.
        grace: seconds that it gets to end by itself.
        brief: what is told when it is not ready.
        resolution: what the user can do then.
    """

    argv: Sequence[str]
    path: Path
    ready: Callable[[Path], bool]
    seconds: float
    when_killed: Literal["KILL", "TERM"]
    grace: float
    brief: str
    resolution: str


@contextmanager
def background_process(
    companion: BackgroundProcess, environment: Mapping[str, str]
) -> Iterator[None]:
    """Have it run for the time of the block.

    It ends with us even when we are killed: the kernel tells it then (PR_SET_PDEATHSIG of
    prctl(2), through setpriv(1)). To be entered by a thread that lives as long as the block: the
    kernel counts the end of the thread that started a process as the death of its parent.

    Raises:
        EngineError: it ended or was not ready in time; the details are what it said last.
    """
    argv = list(companion.argv)
    if find_program("setpriv", path=environment.get("PATH")):
        argv = ["setpriv", f"--pdeathsig={companion.when_killed}", *argv]
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as said:
        process = subprocess.Popen(
            argv,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            encoding="utf-8",
            start_new_session=True,
        )
        try:
            deadline = time.monotonic() + companion.seconds
            while not companion.ready(companion.path):
                if process.poll() is not None or time.monotonic() > deadline:
                    said.seek(0)
                    last = "\n".join(said.read().splitlines()[-_LAST_LINES:])
                    raise EngineError(
                        companion.brief, details=last, resolution=companion.resolution
                    )
                time.sleep(0.005)  # a socket has no event for "now of use"
            yield
        finally:
            end_group(process, grace=companion.grace)
            with suppress(FileNotFoundError):
                companion.path.unlink()
