"""One deploy of a pipeline at a time: a lock that a dead holder gives back by itself."""

from __future__ import annotations

import fcntl
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from pipeline.errors import CapasError

DEADLINE = 600.0
"""Seconds to wait for another deploy."""
_POLL = 0.1


@contextmanager
def mutex(
    pipeline: str,
    environment: Mapping[str, str],
    waiting: Callable[[str], None],
    *,
    deadline: float = DEADLINE,
) -> Iterator[None]:
    """Hold the pipeline for the time of the block.

    The kernel frees the lock when its holder dies, however it dies.

    Args:
        waiting: told who holds it, once, when it has to be waited for.

    Raises:
        CapasError: it was not freed within `deadline` seconds.
    """
    path = mutex_path(pipeline, environment)
    with path.open("a+", encoding="utf-8") as file:
        _lock(file.fileno(), lambda: _holder(path), pipeline, waiting, deadline)
        file.truncate(0)
        file.write(f"process {os.getpid()}, since {time.strftime('%H:%M:%S')}\n")
        file.flush()
        yield


def mutex_path(pipeline: str, environment: Mapping[str, str]) -> Path:
    """Where a pipeline's lock is: in the runtime directory, else in one of this user's own."""
    runtime = environment.get("XDG_RUNTIME_DIR")
    folder = (
        Path(runtime, "capas") if runtime else Path(tempfile.gettempdir(), f"capas-{os.getuid()}")
    )
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_uid != os.getuid():
        raise CapasError(f"{folder} belongs to another user", resolution="set XDG_RUNTIME_DIR")
    return folder / f"{pipeline}.mutex"


def _lock(
    descriptor: int,
    holder: Callable[[], str],
    pipeline: str,
    waiting: Callable[[str], None],
    deadline: float,
) -> None:
    end = time.monotonic() + deadline
    if _taken(descriptor):
        return
    waiting(f"waiting for another command on {pipeline}: {holder()}")
    while not _taken(descriptor):
        if time.monotonic() >= end:
            raise CapasError(f"another command works on {pipeline}", details=holder())
        time.sleep(_POLL)  # a wait with a deadline: flock(2) itself has none


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holder(path: Path) -> str:
    return path.read_text(encoding="utf-8").strip() or "just begun"
