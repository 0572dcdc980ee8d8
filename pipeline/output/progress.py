"""Progress of several pieces of work at once, on standard error: lines, JSON, or nothing.

The live view for terminals is in `live.py`, which costs the import of rich's widgets.
"""

from __future__ import annotations

import json
import sys
import threading
from typing import Literal, Protocol, TextIO

Mode = Literal["auto", "tty", "plain", "json", "quiet"]
MODES: tuple[Mode, ...] = ("auto", "tty", "plain", "json", "quiet")


class Progress(Protocol):
    """Is told what happens; may be told by several threads."""

    def begin(self, task: str) -> None:
        """Work on `task` begins."""

    def step(self, task: str, number: int, total: int, text: str) -> None:
        """A step begins; it ends with the next one, or with the task."""

    def cached(self, task: str) -> None:
        """The current step was done before and costs nothing."""

    def said(self, task: str, line: str) -> None:
        """A program at work for the task wrote a line."""

    def end(self, task: str, outcome: str, seconds: float) -> None:
        """Work on `task` is over."""

    def close(self) -> None:
        """Nothing more will be told."""


class Quiet:
    """Tells nothing."""

    def begin(self, task: str) -> None:
        """Nothing."""

    def step(self, task: str, number: int, total: int, text: str) -> None:
        """Nothing."""

    def cached(self, task: str) -> None:
        """Nothing."""

    def said(self, task: str, line: str) -> None:
        """Nothing."""

    def end(self, task: str, outcome: str, seconds: float) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""


class Json:
    """One JSON object a line, for programs."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._lock = threading.Lock()

    def begin(self, task: str) -> None:
        """`{"event": "begin", …}`."""
        self._tell(event="begin", task=task)

    def step(self, task: str, number: int, total: int, text: str) -> None:
        """`{"event": "step", …}`."""
        self._tell(event="step", task=task, number=number, total=total, text=text)

    def cached(self, task: str) -> None:
        """`{"event": "cached", …}`."""
        self._tell(event="cached", task=task)

    def said(self, task: str, line: str) -> None:
        """`{"event": "said", …}`."""
        self._tell(event="said", task=task, line=line)

    def end(self, task: str, outcome: str, seconds: float) -> None:
        """`{"event": "end", …}`."""
        self._tell(event="end", task=task, outcome=outcome, seconds=round(seconds, 3))

    def close(self) -> None:
        """Nothing: every line is complete."""

    def _tell(self, **event: str | float) -> None:
        with self._lock:
            self._stream.write(json.dumps(event) + "\n")
            self._stream.flush()


class Plain:
    """Lines without a terminal, never mixed.

    Of tasks side by side the one that began first is told as it goes, the others in their turn.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._lock = threading.Lock()
        self._waiting: dict[str, list[str]] = {}
        self._open: set[str] = set()

    def begin(self, task: str) -> None:
        """A place in the order of telling."""
        with self._lock:
            self._waiting[task] = []
            self._open.add(task)

    def step(self, task: str, number: int, total: int, text: str) -> None:
        """`name  2/5 COPY …`."""
        self._tell(task, f"{number}/{total} {text}")

    def cached(self, task: str) -> None:
        """`name  … cached`."""
        self._tell(task, "  … cached")

    def said(self, task: str, line: str) -> None:
        """`name  | line`."""
        self._tell(task, f"  | {line}")

    def end(self, task: str, outcome: str, seconds: float) -> None:
        """`name  built in 1.2 s`, and the next task's turn."""
        self._tell(task, f"{outcome} in {seconds:.1f} s")
        with self._lock:
            self._open.discard(task)
            self._flush()

    def close(self) -> None:
        """Tell what is left, of tasks that never ended."""
        with self._lock:
            self._open.clear()
            self._flush()

    def _tell(self, task: str, text: str) -> None:
        with self._lock:
            self._waiting.setdefault(task, []).append(f"{task}  {text}\n")
            self._flush()

    def _flush(self) -> None:
        for task in list(self._waiting):
            self._stream.writelines(self._waiting[task])
            self._waiting[task].clear()
            if task in self._open:
                break
            del self._waiting[task]
        self._stream.flush()


def progress_of(mode: Mode) -> Progress:
    """The way of telling that `--progress` names; `auto` looks whether a person watches."""
    if mode == "quiet":
        return Quiet()
    if mode == "json":
        return Json()
    if mode == "tty" or (mode == "auto" and sys.stderr.isatty()):
        from pipeline.output.live import Live  # noqa: PLC0415 (rich's import is paid for when shown)

        return Live()
    return Plain()
