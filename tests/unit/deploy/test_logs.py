"""Lines of pieces: whole, the last ones, with their times, and never more than fits."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.deploy.observe import logs
from pipeline.deploy.observe.logs import LogLine, last_lines, lines_of, read_logs
from pipeline.deploy.observe.snapshot import Container
from pipeline.errors import EngineError

WEB = Container("id", "p-web-1", "web", 1, "running")
TRACEBACK = b"".join(
    (
        *(b"Traceback (most recent call last):\n", b'  File "/app/main.py", line 4, in <module>\n'),
        *(
            b'    VERSION = os.environ["COLOUR"]\n',
            b"              ^^^^^^^^^^\n",
            b"NameError: os\n",
        ),
    )
)


class Log:
    """Podman's: a strict `since`, pieces that come while it is read.

    Attributes:
        exact: whether it tells parts of seconds, as Podman 6 does.
        written: (time in seconds, stream, piece) of all that is there.
        later: what is written once the first reading is over.
    """

    def __init__(self, *written: tuple[float, int, bytes]) -> None:
        self.written = list(written)
        self.exact = False
        self.later: list[tuple[float, int, bytes]] = []
        self.asked: list[dict[str, Any]] = []

    def __enter__(self) -> Log:
        return self

    def __exit__(self, *_: object) -> None: ...

    def logs(
        self,
        _id: str,
        *,
        follow: bool = False,
        timestamps: bool = False,
        since: float | None = None,
    ) -> Iterator[tuple[int, bytes]]:
        self.asked.append({"follow": follow, "since": since})
        for time, stream, piece in [*self.written, *(self.later if follow else ())]:
            parts = f"{time % 1:.9f}"[1:] if self.exact else ""
            stamp = f"2026-11-30T21:{int(time) // 60:02}:{int(time) % 60:02}{parts}+01:00 ".encode()
            if since is None or 1796068800 + time > since:
                yield stream, (stamp if timestamps else b"") + piece


def shown(log: Log, monkeypatch: pytest.MonkeyPatch, **options: Any) -> list[str]:
    monkeypatch.setattr(logs, "PodmanReader", lambda _uri: log)
    return [line.text for line in read_logs("unix:///nobody", [WEB], **options)]


def test_lines_are_whole_and_streams_are_kept_apart() -> None:
    pieces = [(1, b"one\ntw"), (2, b"bad"), (1, b""), (1, b"o\nthree"), (2, b"\n"), (2, b"")]
    assert list(lines_of("web-1", pieces)) == [
        LogLine("web-1", "one"),
        LogLine("web-1", "two"),
        LogLine("web-1", "bad", error=True),
        LogLine("web-1", "three"),
    ]


@given(st.lists(st.binary(min_size=1, max_size=9)), st.integers(min_value=0, max_value=6))
def test_the_last_lines_are_those_of_the_whole(pieces: list[bytes], number: int) -> None:
    whole = b"".join(pieces).decode(errors="replace").split("\n")
    whole = whole if whole[-1] else whole[:-1]
    log: Any = Log(*((0, 1, piece) for piece in pieces))
    assert last_lines(log, "web", number) == whole[len(whole) - min(number, len(whole)) :]


def test_a_character_that_is_cut_between_pieces_is_one() -> None:
    raw = "é€😀\n".encode()
    assert [line.text for line in lines_of("web-1", [(1, raw[i : i + 1]) for i in range(10)])] == [
        "é€😀"
    ]


def test_a_line_of_parts_has_one_time(monkeypatch: pytest.MonkeyPatch) -> None:
    log = Log((1, 1, b"alpha "), (2, 1, b"beta\n"), (3, 1, b"next\n"))
    assert shown(log, monkeypatch, timestamps=True) == [
        "2026-11-30T21:00:01+01:00 alpha beta",
        "2026-11-30T21:00:03+01:00 next",
    ]


@given(
    st.lists(
        st.tuples(
            st.sampled_from((1.0, 1.4, 2.0, 2.0, 2.6)),
            st.sampled_from((1, 2)),
            st.sampled_from((b"a\n", b"b\n", b"part ", b"\n", b"c d\n")),
        )
    ),
    st.integers(min_value=0, max_value=20),
    st.integers(min_value=0, max_value=4),
    st.booleans(),
)
def test_what_is_followed_after_a_tail_is_told_once(
    written: list[tuple[float, int, bytes]], read_first: int, tail: int, exact: bool
) -> None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        written.sort(key=lambda one: one[0])
        whole = Log(*written)
        every = shown(whole, monkeypatch)
        log = Log(*written[:read_first])
        log.later, log.exact = written[read_first:], exact
        first = joined_ends(written[:read_first])
        kept = min(tail, len(first))
        assert shown(log, monkeypatch, tail=tail, follow=True) == every[len(first) - kept :]


def joined_ends(written: list[tuple[float, int, bytes]]) -> list[bytes]:
    return [piece for _time, _stream, piece in written if piece.endswith(b"\n")]


def test_a_log_that_was_cut_short_meanwhile_is_followed_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Rotated(Log):
        def logs(self, _id: str, **options: Any) -> Iterator[tuple[int, bytes]]:
            self.written = self.written[-1:] if options.get("follow") else self.written
            return super().logs(_id, **options)

    log = Rotated((1, 1, b"a\n"), (1, 1, b"b\n"))
    log.later = [(1.5, 1, b"perhaps\n"), (2, 1, b"surely\n")]
    assert shown(log, monkeypatch, tail=1, follow=True) == ["b", "surely"]


def test_a_time_that_is_none_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    class Odd(Log):
        def logs(self, _id: str, **_options: Any) -> Iterator[tuple[int, bytes]]:
            yield 1, b"no time\n"

    with pytest.raises(EngineError) as raised:
        shown(Odd(), monkeypatch, tail=1, follow=True)
    assert "not a time" in raised.value.details


def test_gigabytes_are_not_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "LONGEST", 1000)

    class Large(Log):
        def logs(self, _id: str, **_options: Any) -> Iterator[tuple[int, bytes]]:
            for _ in range(20_000):
                yield 1, b"a line\n"
            for _ in range(20_000):
                yield 1, b"x" * 500
            yield 1, b"end\n"

    tracemalloc.start()
    try:
        last: Any = last_lines(Large(), "web", 2)  # type: ignore[arg-type]
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert last == ["a line", "x" * 1000 + " [… 9999003 bytes more in this line]"]
    assert peak < 200_000


def test_a_very_long_line_is_told_whole_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "LONGEST", 5)
    lines = list(lines_of("web-1", [(1, "ééé é\nnext\n".encode())]))
    assert "".join(line.text + "\n" * line.ends for line in lines) == "ééé é\nnext\n"
    assert [line.ends for line in lines] == [False, True, True]
