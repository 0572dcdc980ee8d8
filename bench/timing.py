"""Times of whole processes, best of several, in one run: the ratios of `bench/` come from here."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path


def seconds(action: Callable[[], object]) -> float:
    """How long `action` takes, in seconds of wall-clock time."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def best(action: Callable[[], object], rounds: int = 7) -> float:
    """The shortest of several runs: the one that the machine's neighbours disturbed least."""
    return min(seconds(action) for _ in range(rounds))


def process(
    argv: Sequence[str], *, environment: Mapping[str, str], cwd: Path
) -> Callable[[], object]:
    """A whole process as an action; a failure ends the benchmark."""

    def run() -> None:
        subprocess.run(argv, env=dict(environment), cwd=cwd, check=True, stdout=subprocess.DEVNULL)

    return run


def interleaved(actions: Mapping[str, Callable[[], object]], rounds: int = 7) -> dict[str, float]:
    """The best time of each action, their runs taking turns so that a busy minute hits all."""
    times: dict[str, list[float]] = {name: [] for name in actions}
    for _ in range(rounds):
        for name, action in actions.items():
            times[name].append(seconds(action))
    return {name: min(values) for name, values in times.items()}
