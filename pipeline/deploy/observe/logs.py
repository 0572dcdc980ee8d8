"""What replicas wrote, line by line, several at once.

All is read, and the last lines are cut out here: Podman 4.3 joins the parts of a line that came in
several writes in the wrong order when it is asked for the last ones only (podman, libpod/logs).
"""

from __future__ import annotations

import codecs
import queue
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from pipeline.engine.podman import STDOUT, PodmanReader
from pipeline.errors import EngineError
from pipeline.lean_dataclasses import dataclass, field

if TYPE_CHECKING:
    from codecs import IncrementalDecoder

    from pipeline.deploy.observe.snapshot import Container

LONGEST = 1 << 20
"""Bytes of a line that are held at a time: nobody's memory is filled by one that never ends."""
_WAITING = 100
"""Lines that wait for a slow reader, so that a large log does not wait in our memory."""
_DECODER = codecs.getincrementaldecoder("utf-8")
_BEFORE = 0.5
"""Seconds: Podman 4 and 5 tell whole ones, and leave out what was written just at `since`."""
_SECOND = len("2026-11-30T21:24:47")


@dataclass(frozen=True)
class LogLine:
    """One line of one container, or a part of a very long one.

    Attributes:
        source: the container, as `web-1`.
        error: whether it was written to standard error.
        ends: whether this is its end; else it goes on in the next one of its source and stream.
    """

    source: str
    text: str
    error: bool = False
    ends: bool = True


def read_logs(
    uri: str,
    containers: Sequence[Container],
    *,
    tail: int | None = None,
    follow: bool = False,
    timestamps: bool = False,
) -> Iterator[LogLine]:
    """Lines as they come when followed, else container by container.

    Args:
        tail: only so many of each container's last lines; None for all.
        follow: go on until every container ends, or the reader stops.

    Raises:
        EngineError: the service went away.
    """
    if not follow:
        with PodmanReader(uri) as reader:
            for one in containers:
                yield from _written(reader, one, tail, timestamps=timestamps)
    else:
        yield from _as_they_come(uri, containers, tail, timestamps=timestamps)


def _as_they_come(
    uri: str, containers: Sequence[Container], tail: int | None, *, timestamps: bool
) -> Iterator[LogLine]:
    lines: queue.Queue[LogLine | EngineError | None] = queue.Queue(_WAITING)

    def follow_one(one: Container) -> None:
        with PodmanReader(uri) as reader:
            try:
                for line in _followed(reader, one, tail, timestamps=timestamps):
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


def last_lines(reader: PodmanReader, name: str, number: int) -> list[str]:
    """The last lines that a container wrote, of both streams; very long ones are cut.

    Raises:
        EngineError: the service went away.
    """
    lines = lines_of(name, reader.logs(name), cut=True)
    return [line.text for line in deque(lines, maxlen=number)]


def lines_of(
    source: str,
    pieces: Iterable[tuple[int, bytes]],
    *,
    timestamps: bool = False,
    cut: bool = False,
) -> Iterator[LogLine]:
    """Whole lines of pieces that end anywhere; the two streams are kept apart.

    Args:
        timestamps: a time and a blank stand before each piece; a line keeps that of its first.
        cut: of a very long line only its beginning is told, and how much was left out; else all of
            it in parts.
    """
    joined = _Joined(source, timestamps=timestamps, cut=cut)
    for stream, piece in pieces:
        yield from joined.add(stream, *(_split(piece) if timestamps else ("", piece)))
    yield from joined.rest()


def short_name(container: Container) -> str:
    """`web-1`, or `web-ingress`."""
    place = "ingress" if container.is_ingress else str(container.number)
    return f"{container.service}-{place}"


def _written(
    reader: PodmanReader, one: Container, tail: int | None, *, timestamps: bool
) -> Iterable[LogLine]:
    pieces = reader.logs(one.id, timestamps=timestamps)
    cut = tail is not None
    lines = lines_of(short_name(one), pieces, timestamps=timestamps, cut=cut)
    return deque(lines, maxlen=tail) if cut else lines


def _followed(
    reader: PodmanReader, one: Container, tail: int | None, *, timestamps: bool
) -> Iterator[LogLine]:
    """The last lines of what is there, then what comes: nothing twice, and nothing left out."""
    source = short_name(one)
    if tail is None:
        pieces = reader.logs(one.id, follow=True, timestamps=timestamps)
        yield from lines_of(source, pieces, timestamps=timestamps)
        return
    joined = _Joined(source, timestamps=timestamps, cut=True)
    kept: deque[LogLine] = deque(maxlen=tail)
    last, seen = "", 0
    for stream, piece in reader.logs(one.id, timestamps=True):
        time, text = _split(piece)
        seen = seen + 1 if time[:_SECOND] == last[:_SECOND] else 1
        last = time
        kept.extend(joined.add(stream, time if timestamps else "", text))
    yield from kept
    since = _seconds(last) - _BEFORE if last else None
    for stream, piece in reader.logs(one.id, follow=True, timestamps=True, since=since):
        time, text = _split(piece)
        if seen:  # what was read already: of the last second, after some of the one before
            later = _seconds(time) - _seconds(last)
            seen = seen - (later == 0) if later <= 0 else 0
            if later <= 0:
                continue
        yield from joined.add(stream, time if timestamps else "", text)
    yield from joined.rest()


@dataclass
class _OpenLog:
    """A line whose end has not come.

    Attributes:
        held: bytes in `parts`.
        left_out: bytes that came after them.
        decoder: keeps the beginning of a character that is cut between two parts.
    """

    parts: list[str] = field(default_factory=list)
    held: int = 0
    left_out: int = 0
    decoder: IncrementalDecoder = field(default_factory=lambda: _DECODER(errors="replace"))


class _Joined:
    """Lines of the pieces of one container's log.

    Args:
        timestamps: a line begins with the time of its first piece.
        cut: hold only the beginning of a very long line; else hand it on in parts.
    """

    def __init__(self, source: str, *, timestamps: bool, cut: bool) -> None:
        self._source = source
        self._timestamps = timestamps
        self._cut = cut
        self._open: dict[int, _OpenLog] = {}

    def add(self, stream: int, time: str, piece: bytes) -> Iterator[LogLine]:
        """The lines, and parts of long ones, that this piece completes."""
        is_one = piece.endswith(b"\n") and piece.find(b"\n") == len(piece) - 1 < LONGEST
        if is_one and stream not in self._open:  # nearly all of a large log
            line = piece[:-1].decode(errors="replace")
            line = f"{time} {line}" if self._timestamps else line
            yield LogLine(self._source, line, error=stream != STDOUT)
            return
        *whole, rest = piece.split(b"\n")
        for text in whole:
            yield from self._hold(stream, time, text)
            yield self._line(stream, self._open.pop(stream, _OpenLog()))
        if rest:
            yield from self._hold(stream, time, rest)

    def rest(self) -> Iterator[LogLine]:
        """What has no end of line."""
        for stream, held in self._open.items():
            yield self._line(stream, held)
        self._open.clear()

    def _hold(self, stream: int, time: str, text: bytes) -> Iterator[LogLine]:
        held = self._open.get(stream)
        if held is None:
            held = self._open[stream] = _OpenLog()
            if self._timestamps:
                text = f"{time} ".encode() + text
        for begin in range(0, len(text), LONGEST):
            part = text[begin : begin + LONGEST]
            if held.held + len(part) > LONGEST:
                if self._cut:
                    held.left_out += len(part)
                    continue
                yield self._line(stream, held, ends=False)
                held.parts, held.held = [], 0
            held.parts.append(held.decoder.decode(part))
            held.held += len(part)

    def _line(self, stream: int, held: _OpenLog, *, ends: bool = True) -> LogLine:
        text = "".join(held.parts) + (held.decoder.decode(b"", final=True) if ends else "")
        if held.left_out:
            text += f" [… {held.left_out} bytes more in this line]"
        return LogLine(self._source, text, error=stream != STDOUT, ends=ends)


def _split(piece: bytes) -> tuple[str, bytes]:
    """The time that Podman writes before a piece, and the piece."""
    time, _, text = piece.partition(b" ")
    return time.decode(errors="replace"), text


def _seconds(time: str) -> int:
    """Whole seconds since the epoch of a time as Podman writes it, `2026-11-30T21:24:47+01:00`.

    Raises:
        EngineError: it is none.
    """
    offset = "+00:00" if time.endswith("Z") else time[-6:]
    try:
        return int(datetime.fromisoformat(time[:_SECOND] + offset).timestamp())
    except (ValueError, OverflowError):
        raise EngineError(
            "Podman gave an answer that capas does not understand",
            details=f"a line of a log begins with {time[:40]!r}, which is not a time",
            resolution="`capas doctor` examines the engine",
        ) from None
