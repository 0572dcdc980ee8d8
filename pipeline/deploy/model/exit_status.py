"""How a container ended, in plain words (pure)."""

from __future__ import annotations

import signal

from pipeline.engine.inspected import InspectedContainer
from pipeline.output.number_format import show_bytes

ENDED = ("exited", "stopped")
"""Podman's words for the state of a container whose process is over."""
_SIGNALLED = 128
"""A process that signal n ended is told as exit code 128 + n (bash(1), EXIT STATUS)."""


def describe_exit(found: InspectedContainer) -> str:
    """What became of a container's process.

    The kernel's out-of-memory killer sends SIGKILL, and not every runtime sees that it was that
    one: a killed container with a memory limit may have been over it.
    """
    code, limit = found.exit_code, found.memory
    said = f"it ended with exit code {code}"
    if found.out_of_memory:
        return f"{said}: it needed more than its memory limit of {show_bytes(limit)}"
    if code == _SIGNALLED + signal.SIGKILL and limit:
        return (
            f"{said}: it was killed, most likely over its memory limit of {show_bytes(limit)}, "
            "if no stop took too long"
        )
    if name := _signal(code - _SIGNALLED):
        return f"{said}: {name}"
    return said


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return ""
