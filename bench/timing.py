"""Times of whole processes, best of several, in one run: the ratios of `bench/` come from here."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from pipeline.engine.cache import cache_folder

ROOT = Path(__file__).parents[1]


def as_installed(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment for what is measured: this checkout, compiled, as an installed program is.

    In a checkout that belongs to somebody else, or where Python is told to keep no bytecode, every
    run would compile every module again, and that would be what is measured.
    """
    found = {**environ, "PYTHONPATH": str(ROOT)}
    found.pop("PYTHONDONTWRITEBYTECODE", None)
    package = ROOT / "pipeline"
    if not os.access(package, os.W_OK):
        found["PYTHONPYCACHEPREFIX"] = str(cache_folder(os.environ) / "bytecode")
    for argv in (["-m", "compileall", "-q", str(package)], ["-m", "pipeline", "--version"]):
        subprocess.run(
            [sys.executable, *argv], env=found, cwd=ROOT, check=True, stdout=subprocess.DEVNULL
        )
    return found


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
