"""Progress for a person: one live line per task, on a terminal."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterable
from typing import TextIO, cast

from rich.console import Console, ConsoleOptions, RenderableType
from rich.file_proxy import FileProxy
from rich.live import Live as RichLive
from rich.segment import Segment
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from pipeline.lean_dataclasses import dataclass, field
from pipeline.output.output_filter import FilteredOutput, inner
from pipeline.output.sanitize import escaped


class _Screen(Console):
    """A console on the terminal below the outlet: other people's text is shown as there.

    The sequences that move its cursor are its own: they cannot pass an outlet.
    """

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """The pieces of what is shown, each harmless."""
        for text, style, control in super().render(renderable, options):
            yield Segment(text if control else escaped(text), style, control)


@dataclass
class _TaskLine:
    """What a task's line shows."""

    text: str = ""
    place: str = ""
    cached: int = 0
    is_cached: bool = False
    began: float = field(default_factory=time.monotonic)
    spinner: Spinner = field(default_factory=lambda: Spinner("dots"))


class Live:
    """One line per running task; a finished one stays above as a plain line."""

    def __init__(self) -> None:
        self._lines: dict[str, _TaskLine] = {}
        self._lock = threading.Lock()
        self._streams = (sys.stdout, sys.stderr)
        screen = _Screen(file=inner(sys.stderr), highlight=False, soft_wrap=True)
        self._live = RichLive(
            console=screen,
            get_renderable=self._table,
            refresh_per_second=8,
            transient=True,
            # What is said meanwhile stands above the live lines, and has passed its outlet before.
            redirect_stdout=False,
            redirect_stderr=False,
        )
        for stream in self._streams:
            if isinstance(stream, FilteredOutput) and stream.isatty():
                stream.inner = cast("TextIO", FileProxy(screen, stream.inner))
        self._live.start()

    def begin(self, task: str) -> None:
        """A new line."""
        with self._lock:
            self._lines[task] = _TaskLine()

    def step(self, task: str, number: int, total: int, text: str) -> None:
        """The line shows the step."""
        with self._lock:
            line = self._lines[task]
            line.text, line.place, line.is_cached = text, f"{number}/{total}", False

    def cached(self, task: str) -> None:
        """The line says that the step was cached."""
        with self._lock:
            line = self._lines[task]
            line.cached, line.is_cached = line.cached + 1, True

    def said(self, task: str, line: str) -> None:
        """Kept for the log file only."""

    def end(self, task: str, outcome: str, seconds: float) -> None:
        """The line becomes a plain one, above the live ones."""
        with self._lock:
            line = self._lines.pop(task)
        style = "red" if outcome == "failed" else "green"
        note = f", {line.cached} steps from the cache" if line.cached else ""
        self._live.console.print(
            Text.assemble((f"{task}  ", "bold"), (outcome, style), f" in {seconds:.1f} s{note}")
        )

    def close(self) -> None:
        """End the live view and give the terminal back."""
        self._live.stop()
        for stream in self._streams:
            if isinstance(stream, FilteredOutput) and isinstance(stream.inner, FileProxy):
                stream.inner = cast("TextIO", stream.inner.rich_proxied_file)

    def _table(self) -> Table:
        table = Table.grid(padding=(0, 1))
        table.add_column(width=1)
        table.add_column(style="bold", no_wrap=True)
        table.add_column(style="dim", no_wrap=True)
        table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
        table.add_column(justify="right", no_wrap=True)
        with self._lock:
            for task, line in self._lines.items():
                seconds = time.monotonic() - line.began
                state = (" (cached)", "cyan") if line.is_cached else ("", "")
                table.add_row(
                    line.spinner,
                    task,
                    line.place,
                    Text.assemble(line.text, state),
                    f"{seconds:.0f} s",
                )
        return table
