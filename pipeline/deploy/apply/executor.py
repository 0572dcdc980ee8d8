"""Carry out a plan over the REST API: in parallel where its order allows, and decide nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from contextlib import ExitStack

from pipeline.deploy.apply.handlers import carry_out
from pipeline.deploy.model.operation import Operation, Plan
from pipeline.engine.podman_writer import PodmanWriter
from pipeline.engine.thread_pool import workers
from pipeline.errors import CapasError
from pipeline.lean_dataclasses import dataclass

CONNECTIONS = 4
"""Calls to the service at a time; it starts containers no faster with more."""
WAITING = 12
"""Containers that are waited for at a time, besides."""
Listener = Callable[[Operation, "CapasError | None"], None]
"""Told of every operation that ended, and how."""


@dataclass(frozen=True)
class Failure:
    """An operation that failed, and why."""

    operation: Operation
    error: CapasError


@dataclass(frozen=True)
class Outcome:
    """What became of a plan; what depended on a failed operation was not tried."""

    done: tuple[Operation, ...] = ()
    failed: tuple[Failure, ...] = ()

    def raise_first(self) -> None:
        """Raise the first failure's error, with a line for each of the others.

        Raises:
            CapasError: something failed.
        """
        if not self.failed:
            return
        first = self.failed[0].error
        others = [f"also: {f.operation.key}: {f.error.brief}" for f in self.failed[1:]]
        raise type(first)(
            first.brief,
            details="\n".join([first.details, *others]),
            resolution=first.resolution,
        )


class _Interrupted(Exception):
    """Waiting was given up: the user wants to stop."""


def apply(plan: Plan, uri: str, listen: Listener = lambda _operation, _error: None) -> Outcome:
    """Carry out every operation as soon as those it comes after have succeeded.

    Args:
        uri: of the API service; every thread has a connection of its own.

    Raises:
        KeyboardInterrupt: soon; what had begun and does not end is broken off.
    """
    if not plan.operations:
        return Outcome()
    with ExitStack() as stack:
        connect = _Connections(uri, stack)
        stop = threading.Event()
        calls = stack.enter_context(workers(CONNECTIONS))
        waits = stack.enter_context(workers(WAITING))
        try:
            return _run(
                plan, calls, waits, lambda o: carry_out(o, connect.mine(), _pause(stop)), listen
            )
        except BaseException:
            stop.set()
            raise


def _run(
    plan: Plan,
    calls: Executor,
    waits: Executor,
    do: Callable[[Operation], None],
    listen: Listener,
) -> Outcome:
    waiting = list(plan.operations)
    planned = {operation.key for operation in waiting}
    succeeded: set[str] = set()
    running: dict[Future[None], Operation] = {}
    done: list[Operation] = []
    failed: list[Failure] = []
    while True:
        ready = [o for o in waiting if all(k in succeeded for k in o.after if k in planned)]
        waiting = [o for o in waiting if o not in ready]
        for operation in ready:
            pool = waits if operation.waits or operation.verb == "drain" else calls
            running[pool.submit(do, operation)] = operation
        if not running:
            return Outcome(tuple(done), tuple(failed))
        for future in wait(running, return_when=FIRST_COMPLETED).done:
            operation = running.pop(future)
            try:
                future.result()
            except CapasError as error:
                failed.append(Failure(operation, error))
                listen(operation, error)
            else:
                succeeded.add(operation.key)
                done.append(operation)
                listen(operation, None)


class _Connections:
    """One client per thread: the HTTP session below is not made to be shared."""

    def __init__(self, uri: str, stack: ExitStack) -> None:
        self._uri = uri
        self._stack = stack
        self._lock = threading.Lock()
        self._local = threading.local()

    def mine(self) -> PodmanWriter:
        """This thread's client."""
        writer: PodmanWriter | None = getattr(self._local, "writer", None)
        if writer is None:
            writer = PodmanWriter(self._uri)
            with self._lock:
                self._stack.callback(writer.close)
            self._local.writer = writer
        return writer


def _pause(stop: threading.Event) -> Callable[[float], None]:
    def pause(seconds: float) -> None:
        if stop.wait(seconds):
            raise _Interrupted

    return pause
