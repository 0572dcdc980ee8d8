"""One command at a time on a pipeline, or on a store: a lock that a dead holder gives back."""

from __future__ import annotations

import os
import stat
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from pipeline.bootstrap.safe_files import open_lock, read_bytes
from pipeline.engine.file_lock import lock_within, try_lock
from pipeline.errors import CapasError, HostUnsupported
from pipeline.lean_dataclasses import dataclass

DEADLINE = 600.0
"""Seconds to wait for another deploy."""
_SAID = 4096
"""Bytes that a holder says of itself, at most."""


@dataclass(frozen=True)
class _Others:
    """Who holds a lock, in words: what is waited for, the failure, and who it is now."""

    what: str
    failure: str
    holder: Callable[[], str]


@contextmanager
def mutex(
    pipeline: str,
    environment: Mapping[str, str],
    waiting: Callable[[str], None],
    *,
    deadline: float = DEADLINE,
    what: str = "",
) -> Iterator[None]:
    """Hold the pipeline for the time of the block.

    The kernel frees the lock when its holder dies, however it dies.

    Args:
        waiting: told who holds it, once, when it has to be waited for.
        what: is held, in words: `another command on shop`, unless it is no pipeline.

    Raises:
        CapasError: it was not freed within `deadline` seconds.
        HostUnable: nothing can be locked there.
    """
    path = mutex_path(pipeline, environment)
    others = _Others(
        what or f"another command on {pipeline}",
        f"{what} did not end" if what else f"another command is working on {pipeline}",
        lambda: _holder(path),
    )
    with _opened(path) as file:
        _lock(file.fileno(), others, waiting, deadline)
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
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        status = folder.lstat()
    except OSError as error:
        raise _unusable(folder, error.strerror or str(error)) from None
    if status.st_uid != os.getuid():
        raise _unusable(folder, "it belongs to another user")
    if not stat.S_ISDIR(status.st_mode):
        raise _unusable(folder, "it is not a folder")
    return folder / f"{pipeline}.mutex"


def _opened(path: Path) -> IO[str]:
    """The lock's file, made when it does not exist.

    Raises:
        HostUnable: something else lies in its place.
    """
    try:
        descriptor = open_lock(path, owner=os.getuid())
    except OSError as error:
        raise _unusable(path, error.strerror or str(error)) from None
    return os.fdopen(descriptor, "r+", encoding="utf-8", errors="replace")


def _unusable(path: Path, why: str) -> HostUnsupported:
    return HostUnsupported(
        "nothing keeps two commands on one pipeline apart here",
        details=f"{path}: {why}",
        resolution="remove it when no other command runs, or set XDG_RUNTIME_DIR to a folder of "
        "yours",
    )


def _lock(
    descriptor: int,
    others: _Others,
    waiting: Callable[[str], None],
    deadline: float,
) -> None:
    if try_lock(descriptor):
        return
    waiting(f"waiting for {others.what}: {others.holder()}")
    if not lock_within(descriptor, deadline):
        raise CapasError(others.failure, details=others.holder())


def _holder(path: Path) -> str:
    try:
        said = read_bytes(path, limit=_SAID).decode(errors="replace")
    except (OSError, ValueError):
        said = ""
    return said.strip() or "just begun"
