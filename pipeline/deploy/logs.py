"""What replicas wrote, line by line, several at once."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from pipeline.deploy.observe import Container
from pipeline.engine.podman import STDOUT, Reader
from pipeline.errors import EngineError


@dataclass(frozen=True)
class Line:
    """One line of one container.

    Attributes:
        source: the container, as `web-1`.
        error: whether it was written to standard error.
    """

    source: str
    text: str
    error: bool = False


def read_logs(
    uri: str,
    containers: Sequence[Container],
    *,
    tail: int | None = None,
    follow: bool = False,
    timestamps: bool = False,
) -> Iterator[Line]:
    """Lines as they come when followed, else container by container.

    Args:
        tail: only so many of each container's last lines; None for all.
        follow: go on until every container ends, or the reader stops.

    Raises:
        EngineError: the service went away.
    """
    if not follow:
        with Reader(uri) as reader:
            for one in containers:
                found = reader.logs(one.id, tail=tail, timestamps=timestamps)
                yield from lines_of(short_name(one), found)
        return
    lines: queue.SimpleQueue[Line | EngineError | None] = queue.SimpleQueue()

    def follow_one(one: Container) -> None:
        with Reader(uri) as reader:
            try:
                found = reader.logs(one.id, tail=tail, follow=True, timestamps=timestamps)
                for line in lines_of(short_name(one), found):
                    lines.put(line)
            except EngineError as error:
                lines.put(error)
            else:
                lines.put(None)

    for one in containers:
        # Daemons: a container that writes nothing must not keep the program from ending.
        threading.Thread(target=follow_one, args=(one,), daemon=True).start()
    running = len(containers)
    while running:
        line = lines.get()
        if isinstance(line, EngineError):
            raise line
        if line is None:
            running -= 1
        else:
            yield line


def lines_of(source: str, pieces: Iterable[tuple[int, str]]) -> Iterator[Line]:
    """Whole lines of pieces that end anywhere; the two streams are kept apart."""
    rest: dict[int, str] = {}
    for stream, text in pieces:
        *whole, rest[stream] = (rest.get(stream, "") + text).split("\n")
        for line in whole:
            yield Line(source, line, error=stream != STDOUT)
    for stream, text in rest.items():
        if text:
            yield Line(source, text, error=stream != STDOUT)


def short_name(container: Container) -> str:
    """`web-1`, or `web-door`."""
    place = "door" if container.is_door else str(container.number)
    return f"{container.service}-{place}"
