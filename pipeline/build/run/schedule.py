"""Work side by side, bounded, each piece after those it needs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TypeVar

R = TypeVar("R")


def run_side_by_side(
    names: Sequence[str],
    needs: Mapping[str, Iterable[str]],
    work: Callable[[str], R],
    *,
    workers: int,
    interrupt: Callable[[], None],
) -> tuple[dict[str, R], dict[str, Exception]]:
    """Do `work` for every name, at most `workers` at once; a name begins when its needs are done.

    After the first failure nothing new begins; what runs is let finish, so that its result is not
    lost. Whatever needs a failed piece is left out of both answers.

    Args:
        names: each stands after those it needs.
        needs: by name; names that are not among `names` count as done.
        work: is called in a thread of its own.
        workers: at least 1.
        interrupt: is called when the user interrupts; must make the running work end soon.

    Returns:
        The results, and the errors of what failed, by name.
    """
    results: dict[str, R] = {}
    errors: dict[str, Exception] = {}
    waiting = list(names)
    running: dict[Future[R], str] = {}
    with ThreadPoolExecutor(max_workers=workers) as pool:
        try:
            while running or (waiting and not errors):
                if not errors:
                    for name in _ready(waiting, needs, set(names), set(results)):
                        waiting.remove(name)
                        running[pool.submit(work, name)] = name
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    name = running.pop(future)
                    error = future.exception()
                    if error is None:
                        results[name] = future.result()
                    elif isinstance(error, Exception):
                        errors[name] = error
                    else:
                        raise error
        except BaseException:
            for future in running:
                future.cancel()
            interrupt()
            raise
    return results, errors


def _ready(
    waiting: Sequence[str],
    needs: Mapping[str, Iterable[str]],
    all_names: set[str],
    finished: set[str],
) -> list[str]:
    return [
        name
        for name in waiting
        if all(need in finished or need not in all_names for need in needs.get(name, ()))
    ]
