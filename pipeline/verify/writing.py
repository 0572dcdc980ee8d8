"""A client inside a container that writes until it is killed, and what was acknowledged to it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from pipeline.engine.podman import STDOUT
from pipeline.engine.podman_writer import PodmanWriter
from pipeline.errors import CapasError, EngineError
from pipeline.verify.databases import Database

NO_PROGRAM = 127
"""The exit code of a command whose program does not exist."""
_SILENT = 60.0
"""Seconds that a command may take, unless the service shows that it works on it."""

Wait = Callable[[Callable[[], bool], float], bool]
"""Whether a condition comes true within seconds."""


class Writing:
    """Numbers written one after the other, each in a commit of its own.

    What the client printed and did not arrive here before it was killed counts as not
    acknowledged: that can hide a loss and never invents one.

    Attributes:
        process: the id, in the container, of the process that writes; 0 until it is known.
        acknowledged: the numbers whose commit was acknowledged.
    """

    def __init__(
        self, uri: str, database: Database, container: str, place: str, first: int
    ) -> None:
        self.process = 0
        self.acknowledged: list[int] = []
        self._said: list[str] = []
        self._argv = [*database.write, place, str(first)]
        self._thread = threading.Thread(target=self._read, args=(uri, container), daemon=True)
        self._thread.start()

    @property
    def ended(self) -> bool:
        """Whether it writes no more."""
        return not self._thread.is_alive()

    @property
    def said(self) -> str:
        """Its last words that are no number."""
        return " ".join(self._said[-3:]) or "it said nothing"

    def goes_on(self, least: int, wait: Wait, seconds: float) -> bool:
        """Whether so many commits are acknowledged in time, and it still writes."""
        wait(lambda: self.ended or len(self.acknowledged) >= least, seconds)
        return not self.ended and len(self.acknowledged) >= least

    def is_over(self, wait: Wait, seconds: float) -> None:
        """Wait until it is dead.

        Raises:
            CapasError: it still writes.
        """
        if not wait(lambda: self.ended, seconds):
            raise CapasError("the client still writes after SIGKILL to the database")

    def _read(self, uri: str, container: str) -> None:
        try:
            with PodmanWriter(uri) as api:
                for stream, line in api.execute_lines(container, self._argv):
                    self._take(stream, line.strip())
        except EngineError as error:  # the container may be gone before the engine is asked
            self._said.append(str(error))

    def _take(self, stream: int, line: str) -> None:
        if stream != STDOUT or not line.isdecimal():
            self._said.append(line)
        elif self.process:
            self.acknowledged.append(int(line))
        else:
            self.process = int(line)


def run(api: PodmanWriter, container: str, argv: Sequence[str]) -> tuple[int, str]:
    """The exit code of a command in a container, and what it said."""
    try:
        done = api.execute(container, argv, timeout=_SILENT)
    except EngineError as error:
        said = error.details or str(error)
        return (NO_PROGRAM if "not found" in said else 1), said
    return done.exit_code, done.output
