"""Interruptions that are meant once: what the first sets off is not disturbed by the next ones."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def interrupted_once() -> Iterator[None]:
    """Within the block the first signal is a KeyboardInterrupt, and further ones are nothing.

    They stay nothing until the program has ended. For blocks that end in bounded time what they
    started: people press Ctrl-C again, and timeout(1) signals a program and its group. Signals that
    are ignored stay so.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    told = False

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        nonlocal told
        if not told:
            told = True
            raise KeyboardInterrupt

    before = {number: signal.getsignal(number) for number in _NUMBERS}
    ours = [n for n, handler in before.items() if handler not in (signal.SIG_IGN, None)]
    for number in ours:
        signal.signal(number, interrupt)
    try:
        yield
    finally:
        for number in ours:
            # A handler would go when Python ends its own affairs: ignored is ignored to the end.
            signal.signal(number, signal.SIG_IGN if told else before[number])
