"""What the set-up says: plain lines on standard error, and its errors in three parts."""

from __future__ import annotations

import sys
from collections.abc import Iterable

FAILED = 1
UNABLE = 4
INTERRUPTED = 130


class Stop(Exception):
    """The set-up cannot go on, and the user is told what, why and what to do now.

    Args:
        brief: one sentence without a full stop.
        details: where or why, often the tool's own last lines.
        resolution: what to do now.
        code: the exit code: FAILED now, or UNABLE on this host.
    """

    def __init__(
        self, brief: str, details: str = "", resolution: str = "", *, code: int = FAILED
    ) -> None:
        super().__init__(brief)
        self.brief = brief
        self.details = details.strip()
        self.resolution = resolution
        self.code = code


def print_message(line: str) -> None:
    """One line for a person; what would move a terminal's cursor or turn its text is spelt out."""
    shown = (sign if sign.isprintable() else ascii(sign)[1:-1] for sign in line.expandtabs(4))
    sys.stderr.write(_no_command("".join(shown)) + "\n")
    sys.stderr.flush()


def _no_command(line: str) -> str:
    """A line that the runner of a CI does not carry out (see `pipeline.output.output_filter`)."""
    start = line.lstrip()
    if start.startswith("::"):
        line = f"{line[: len(line) - len(start)]}:\\u003a{start[2:]}"
    return line.replace("##[", "#\\u0023[")


def print_setup_plan(steps: Iterable[object]) -> None:
    """What is going to be done, before it is done."""
    print_message("capas prepares this machine:")
    for step in steps:
        print_message(f"  · {step}")


def print_stop(stop: Stop) -> None:
    """An error in its three parts."""
    print_message(f"error: {stop.brief}")
    for line in stop.details.splitlines():
        print_message(f"  {line}")
    if stop.resolution:
        print_message(f"  → {stop.resolution}")


def agreed() -> bool:
    """Whether to go on: asked at a terminal, else yes."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return True
    sys.stderr.write("Go on? [Y/n] ")
    sys.stderr.flush()
    answer = sys.stdin.readline()
    return answer != "" and answer.strip().lower() in {"", "y", "yes", "s", "si", "sí"}
