"""Memory of whole process trees, sampled while they run."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

_EVERY = 0.01
"""Seconds between two looks."""


def peak(argv: Sequence[str], *, environment: Mapping[str, str], cwd: Path) -> int:
    """The most bytes that a program and all that it started hold at one moment.

    A page that several of them share is counted once: the kernel's proportional set size (proc(5),
    smaps_rollup). What lives shorter than a sample may be missed.
    """
    process = subprocess.Popen(
        argv,
        env=dict(environment),
        cwd=cwd,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    highest = 0
    while process.poll() is None:
        highest = max(highest, sum(map(_proportional, _tree(process.pid))))
        time.sleep(_EVERY)  # sampling: the kernel keeps no peak of a whole tree
    if process.returncode != 0:
        raise subprocess.CalledProcessError(process.returncode, argv)
    return highest


def _tree(root: int) -> Iterator[int]:
    """A process and all its descendants."""
    children: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = path.read_text().rpartition(")")[2].split()[1]
        except (FileNotFoundError, ProcessLookupError):
            continue
        children.setdefault(int(parent), []).append(int(path.parent.name))
    waiting = [root]
    while waiting:
        process = waiting.pop()
        yield process
        waiting += children.get(process, ())


def _proportional(process: int) -> int:
    try:
        text = Path(f"/proc/{process}/smaps_rollup").read_text()
    except OSError:  # it ended, or has become somebody whose memory we may not look at
        return 0
    lines = (line.split() for line in text.splitlines() if line.startswith("Pss:"))
    return sum(int(words[1]) * 1024 for words in lines)
