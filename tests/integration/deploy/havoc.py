"""Whom to kill: processes of one test session's own store, and nobody else's."""

from __future__ import annotations

import http.client
import os
import random
import signal
import threading
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from tests.integration.storage import Store

Whom = Literal[
    "capas", "group", "everything", "all but monitors", "monitor", "monitors", "forwarder",
    "forwarders", "service", "replica",
]  # fmt: skip
_FORWARDERS = ("rootlessport", "exe", "slirp4netns", "pasta", "pasta.avx2", "passt")


@dataclass(frozen=True)
class Process:
    """What /proc says of one."""

    pid: int
    parent: int
    name: str
    words: bytes


class Session:
    """The processes that use one store: by their environment, by its pid files, by descent."""

    def __init__(self, store: Store) -> None:
        self._mark = f"XDG_RUNTIME_DIR={store.runtime}".encode()
        self._run_root = store.runtime / "containers"

    def processes(self) -> dict[int, Process]:
        """All that live, by pid."""
        everybody: dict[int, Process] = {}
        found: set[int] = set()
        for entry in Path("/proc").iterdir():
            if not entry.name.isdecimal():
                continue
            with suppress(OSError):  # it ended between two looks, or is another user's
                status = (entry / "status").read_text(errors="replace")
                if "\nState:\tZ" in status:
                    continue
                pid = int(entry.name)
                parent = int(status.partition("PPid:")[2].split(maxsplit=1)[0])
                name = status.partition("Name:\t")[2].partition("\n")[0]
                everybody[pid] = Process(pid, parent, name, (entry / "cmdline").read_bytes())
                if self._mark in (entry / "environ").read_bytes().split(b"\0"):
                    found.add(pid)
        for file in self._run_root.glob("*-containers/*/userdata/pidfile"):
            with suppress(OSError, ValueError):
                found.add(int(file.read_text()))
        more = found
        while more := {p.pid for p in everybody.values() if p.parent in more} - found:
            found |= more
        found -= {os.getpid()}
        return {pid: everybody[pid] for pid in found if pid in everybody}

    def victims(self, whom: Whom, capas: int, rng: random.Random) -> list[int]:
        """The pids that are struck, in the order in which they are."""
        there = self.processes()
        monitors = [p.pid for p in there.values() if p.name == "conmon"]
        forwarders = [p.pid for p in there.values() if p.name in _FORWARDERS]
        of_capas = _below(there, {capas})
        chosen: Collection[int]
        if whom == "capas":
            chosen = {capas}
        elif whom == "group":
            chosen = of_capas
        elif whom == "everything":
            chosen = list(there)
        elif whom == "all but monitors":
            chosen = there.keys() - _below(there, set(monitors))
        elif whom == "monitor":
            chosen = rng.sample(monitors, min(1, len(monitors)))
        elif whom == "monitors":
            chosen = monitors
        elif whom == "forwarder":
            chosen = rng.sample(forwarders, min(1, len(forwarders)))
        elif whom == "forwarders":
            chosen = forwarders
        elif whom == "service":
            chosen = [p.pid for p in there.values() if b"system\0service" in p.words]
        else:
            first = [p.pid for p in there.values() if p.parent in monitors]
            chosen = rng.sample(first, min(1, len(first)))
        shuffled = list(chosen)
        rng.shuffle(shuffled)
        return shuffled


def strike(pids: Collection[int], number: signal.Signals, freeze: float) -> None:
    """Send a signal to each; those that it stops go on after some seconds."""
    for pid in pids:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)
    if number == signal.SIGSTOP:
        time.sleep(freeze)  # that is what is tried out
        for pid in pids:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGCONT)


def _below(there: dict[int, Process], pids: set[int]) -> set[int]:
    """These and all their descendants."""
    found = set(pids)
    while more := {p.pid for p in there.values() if p.parent in found} - found:
        found |= more
    return found


@dataclass
class Ledger:
    """What a client was told is kept.

    Attributes:
        kept: the numbers that were acknowledged.
        failed: how many were not.
    """

    kept: list[int] = field(default_factory=list)
    failed: int = 0


@contextmanager
def writing(ports: range) -> Iterator[Ledger]:
    """A client that writes numbered records all the while, wherever the service answers."""
    ledger = Ledger()
    stop = threading.Event()

    def write() -> None:
        port, number = ports[0], 0
        while not stop.wait(0.01):
            number += 1
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=3)
            try:
                connection.request("POST", f"/{number}")
                answer = connection.getresponse()
                if (answer.status, answer.read()) != (200, b"kept"):
                    raise http.client.HTTPException("it is not kept")
                ledger.kept.append(number)
            except (OSError, http.client.HTTPException):
                ledger.failed += 1
                port = ports[(ports.index(port) + 1) % len(ports)]
            finally:
                connection.close()

    thread = threading.Thread(target=write, daemon=True)
    thread.start()
    try:
        yield ledger
    finally:
        stop.set()
        thread.join(10)
