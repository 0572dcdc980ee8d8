"""Tweets in SQLite: they outlive the process, and several replicas may share the file.

Every write is one immediate transaction that waits for its turn, so replicas on one volume
never overwrite each other. The write-ahead log lets them read meanwhile; on a network file
system, where its shared memory does not work, SQLite's older journal is used.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, TypeVar

WAIT = 15.0  # seconds that a write waits for other replicas
NETWORK = ("nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs", "ceph", "lustre", "gpfs")

T = TypeVar("T")


class Row(NamedTuple):
    number: int
    author: str
    text: str
    time: float


class Almacen:
    """The tweets in one SQLite file, made when it is not there.

    Raises:
        sqlite3.Error: from every method, when the file cannot be read or written.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.place = f"{path}: they outlive the container when {path.parent} is a volume"
        self._lock = threading.Lock()
        self._file = sqlite3.connect(
            path, timeout=WAIT, isolation_level=None, check_same_thread=False
        )
        wanted = "DELETE" if file_system(path.parent) in NETWORK else "WAL"
        self._patiently(lambda: self._file.execute(f"PRAGMA journal_mode = {wanted}").fetchall())
        self._patiently(
            lambda: self._file.execute(
                "CREATE TABLE IF NOT EXISTS tweet (number INTEGER PRIMARY KEY AUTOINCREMENT,"
                " author TEXT NOT NULL, text TEXT NOT NULL, time REAL NOT NULL)"
            )
        )

    def add(self, author: str, text: str) -> Row:
        now = time.time()

        def write() -> int:
            self._file.execute("BEGIN IMMEDIATE")
            try:
                number = self._file.execute(
                    "INSERT INTO tweet (author, text, time) VALUES (?, ?, ?)", (author, text, now)
                ).lastrowid
                self._file.execute("COMMIT")
            except BaseException:
                if self._file.in_transaction:
                    self._file.execute("ROLLBACK")
                raise
            return number or 0

        return Row(self._patiently(write), author, text, now)

    def latest(self, limit: int, before: int | None = None) -> list[Row]:
        ask = (
            "SELECT number, author, text, time FROM tweet WHERE ?1 IS NULL OR number < ?1"
            " ORDER BY number DESC LIMIT ?2"
        )
        rows = self._patiently(lambda: self._file.execute(ask, (before, limit)).fetchall())
        return [Row(*row) for row in rows]

    def count(self) -> int:
        ask = "SELECT count(*) FROM tweet"
        return int(self._patiently(lambda: self._file.execute(ask).fetchone())[0])

    def close(self) -> None:
        with self._lock:
            self._file.close()

    def _patiently(self, action: Callable[[], T]) -> T:
        """Run `action` alone in this process, again while another process holds the file.

        SQLite's own timeout does not cover every lock: a change of the journal's mode and the
        recovery of a log are refused at once.
        """
        deadline = time.monotonic() + WAIT
        while True:
            try:
                with self._lock:
                    return action()
            except sqlite3.OperationalError as error:
                busy = "locked" in str(error) or "busy" in str(error)
                if not busy or time.monotonic() > deadline:
                    raise
            time.sleep(0.02)  # SQLite tells nobody that a lock is free


def file_system(folder: Path) -> str:
    """The type of the file system that holds `folder` (proc_pid_mountinfo(5)); empty if unknown."""
    try:
        lines = Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    best, kind = "", ""
    for line in lines:
        mount, _, rest = line.partition(" - ")
        point = mount.split()[4]
        inside = folder.resolve() == Path(point) or Path(point) in folder.resolve().parents
        if inside and len(point) >= len(best):
            best, kind = point, rest.split()[0]
    return kind
