"""Requests that the API service has not answered yet: none waits for ever, none outlasts a signal.

A service that is frozen (SIGSTOP, a debugger, a file system that hangs) still accepts connections,
since the kernel does. So whenever a request has waited for some time, the service is asked for a
sign of life over a connection of its own: one that is busy answers, and is waited for as long as
the request may take; one that is frozen does not.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from pipeline.lean_dataclasses import dataclass, field

PING_AFTER = 5.0
"""Seconds of silence after which the service is asked for a sign of life, and so again."""
INTERRUPTION_GRACE = 0.5
"""Seconds that requests of other threads get to end after a signal."""
_LOOK_SECONDS = 0.25
_HELD = (
    "another Podman process may hold a lock: `ps -u $USER` shows those that hang or are "
    "stopped; end them, and run the command again"
)


class NoAnswer(OSError):
    """A request that was broken off.

    Args:
        said: why.
        advice: what the user can do.
    """

    def __init__(self, said: str, advice: str = "") -> None:
        super().__init__(said)
        self.advice = advice


@dataclass(eq=False)
class PendingRequest:
    """One request, until its answer has been read.

    Attributes:
        ping: asks the service for a sign of life; None is one, else what is wrong.
        bound: seconds that the service may take; None is as long as it gives signs of life.
        broken: why it was broken off.
    """

    ping: Callable[[], NoAnswer | None]
    bound: float | None = None
    began: float = field(default_factory=time.monotonic)
    heard: float = field(default_factory=time.monotonic)
    broken: NoAnswer | None = None
    _socket: socket.socket | None = None

    def goes_on(self) -> None:
        """Note that something came."""
        self.heard = time.monotonic()

    def listens_to(self, client: socket.socket | None) -> None:
        """Name the socket that breaking off has to close."""
        self._socket = client

    def break_off(self, why: NoAnswer) -> None:
        """Wake up whoever waits for the answer."""
        self.broken = self.broken or why
        if self._socket is not None:
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)

    def examine(self) -> None:
        """Break off when the service has been silent for too long."""
        now = time.monotonic()
        if self.bound is not None and now - self.began > self.bound:
            said = f"no answer within {self.bound:g} seconds, though the service answers a ping"
            self.break_off(NoAnswer(said, _HELD))
        elif now - self.heard > PING_AFTER:
            if wrong := self.ping():
                self.break_off(wrong)
            else:
                self.goes_on()


class _OpenRequest:
    """All conversations of this process, and the thread that looks at them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._all: set[PendingRequest] = set()
        self._watched = False

    def add(self, one: PendingRequest) -> None:
        with self._lock:
            self._all.add(one)
            if not self._watched:
                self._watched = True
                threading.Thread(target=self._watch, daemon=True).start()

    def remove(self, one: PendingRequest) -> None:
        with self._lock:
            self._all.discard(one)

    def now(self) -> frozenset[PendingRequest]:
        with self._lock:
            return frozenset(self._all)

    def _watch(self) -> None:
        while True:
            time.sleep(_LOOK_SECONDS)  # what is waited for is that nothing happens
            for one in self.now():
                one.examine()


_OPEN = _OpenRequest()


@contextmanager
def pending_request(one: PendingRequest) -> Iterator[None]:
    """Watch over a request for the time of the block.

    Raises:
        Silence: it was broken off.
    """
    _OPEN.add(one)
    try:
        yield
    except OSError as error:
        raise (one.broken or error) from None
    finally:
        _OPEN.remove(one)


def interrupt() -> None:
    """Break off what is open now and does not end very soon; what begins later is left alone.

    A clean-up after the interruption may have to ask the service again.
    """
    open_now = _OPEN.now()

    def break_off() -> None:
        for one in open_now & _OPEN.now():
            one.break_off(NoAnswer("interrupted"))

    timer = threading.Timer(INTERRUPTION_GRACE, break_off)
    timer.daemon = True
    timer.start()
