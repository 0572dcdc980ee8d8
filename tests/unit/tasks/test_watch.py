"""What goes on until Ctrl-C."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.errors import INTERRUPTED
from pipeline.tasks.watch import until_interrupted


def test_ctrl_c_is_the_end_and_no_mishap() -> None:
    told: list[int] = []

    def endless() -> Iterator[int]:
        yield 1
        raise KeyboardInterrupt

    assert until_interrupted(endless(), told.append) == INTERRUPTED
    assert until_interrupted([2], told.append) == 0
    assert told == [1, 2]
