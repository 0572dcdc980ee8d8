"""Files and folders locked by flock(2); the kernel lets go of a lock when its holder ends.

The one place for it above the set-up, which runs on a bare Python (`bootstrap`).
"""

from __future__ import annotations

import fcntl
import time
from typing import Protocol

_POLL = 0.05
"""Seconds between two tries: flock(2) itself knows no deadline."""


class _HasDescriptor(Protocol):
    def fileno(self) -> int:
        """Its number."""


def try_lock(file: int | _HasDescriptor) -> bool:
    """Lock an open file, if nobody else has it locked; whether that was so.

    Raises:
        OSError: its file system has no locks.
    """
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def lock_within(file: int | _HasDescriptor, seconds: float) -> bool:
    """Lock an open file as soon as nobody else has it; whether that came in time.

    Raises:
        OSError: its file system has no locks.
    """
    end = time.monotonic() + seconds
    while not try_lock(file):
        if time.monotonic() >= end:
            return False
        time.sleep(_POLL)  # flock(2) tells nobody in time that a lock is free
    return True


def lock(file: int | _HasDescriptor) -> None:
    """Lock an open file, however long somebody else has it.

    Raises:
        OSError: its file system has no locks.
    """
    fcntl.flock(file, fcntl.LOCK_EX)
