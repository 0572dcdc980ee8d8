"""Files are locked in one place, and a lock ends with its holder."""

from __future__ import annotations

import re
import threading
import time
from pathlib import Path

from pipeline.engine import file_lock
from pipeline.engine.file_lock import lock, lock_within, try_lock

PACKAGE = Path(file_lock.__file__).parents[1]


def test_one_that_is_held_is_not_taken(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    path.touch()
    with path.open() as one, path.open() as other:
        assert try_lock(one)
        assert try_lock(one), "its own is no other's"
        assert not try_lock(other)
        began = time.monotonic()
        assert not lock_within(other, 0.1)
        assert time.monotonic() - began >= 0.1
    with path.open() as other:
        assert lock_within(other, 0)


def test_one_that_is_freed_is_taken(tmp_path: Path) -> None:
    with tmp_path.joinpath("lock").open("w") as one, tmp_path.joinpath("lock").open() as other:
        lock(one)
        threading.Timer(0.1, one.close).start()
        assert lock_within(other, 10)


def test_nobody_else_locks_files() -> None:
    using = {
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        if re.search(r"\bfcntl\.(flock|lockf)", path.read_text(encoding="utf-8"))
    }
    # The set-up runs on a bare Python, before there is anything of ours to import.
    assert using == {"engine/file_lock.py", "bootstrap/engine_roots.py", "bootstrap/machine.py"}
