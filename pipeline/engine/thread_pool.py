"""Threads that one signal ends: whoever waits for them waits a moment, and not for ever."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import Any, TypeVar

from pipeline.engine import requests

Result = TypeVar("Result")
_LAST_SECONDS = 2 * requests.INTERRUPTION_GRACE
"""For what had begun when the interruption came; the API's calls are broken off before."""


class Workers(ThreadPoolExecutor):
    """A pool that knows what it was given."""

    def __init__(self, count: int) -> None:
        super().__init__(count)
        self._given: set[Future[Any]] = set()

    def submit(self, fn: Callable[..., Result], /, *args: Any, **kwargs: Any) -> Future[Result]:
        """Have it done by one of the threads."""
        future = super().submit(fn, *args, **kwargs)
        self._given.add(future)
        future.add_done_callback(self._given.discard)
        return future

    def give_up(self) -> None:
        """Begin nothing more, and wait a moment for what has begun."""
        self.shutdown(wait=False, cancel_futures=True)
        wait(list(self._given), timeout=_LAST_SECONDS)


@contextmanager
def workers(count: int) -> Iterator[Workers]:
    """A pool of threads for the time of the block; whatever breaks the block ends them."""
    pool = Workers(count)
    try:
        yield pool
    except BaseException:
        pool.give_up()
        raise
    pool.shutdown()


def still_work() -> bool:
    """Whether threads are left that Python would wait for before it ends."""
    ours = threading.current_thread()
    return any(t is not ours and not t.daemon and t.is_alive() for t in threading.enumerate())
