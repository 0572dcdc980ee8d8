"""What a killed Buildah left behind: working containers, and the processes that RUN began in them.

Buildah keeps what a build was told in the container's record `buildah.json`, the marker among
it (see `buildah.build_argv`). Containers of other builds, also of those that run right now, are
left alone. A container knows its own id: Buildah writes it to /run/.containerenv.
"""

from __future__ import annotations

import os
import re
import secrets
import select
import signal
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from pipeline.bootstrap.safe_files import read_bytes
from pipeline.engine import buildah, command
from pipeline.engine.store_paths import find_store
from pipeline.lean_re import lazy_pattern

_MARKER = lazy_pattern(rb'"id=capas-(\d+)-[0-9a-f]{16},')
_FIRST = lazy_pattern(rb"^NSpid:\t\d+.*\t1$", re.MULTILINE)
_ID = lazy_pattern(rb'^id="([0-9a-f]{64})"$', re.MULTILINE)
_RECORD = 8 << 20
"""Bytes of what Buildah notes of a container: its image's configuration is a part of it."""
_DEADLINE = 10.0
"""Seconds for a killed process to be gone."""


def new_marker() -> str:
    """A word for the builds of this process, that tells whose they were."""
    return f"capas-{os.getpid()}-{secrets.token_hex(8)}"


def working_containers(marker: str, environment: Mapping[str, str]) -> list[str]:
    """The ids of the working containers of the builds that were given `marker`."""
    return _containers(environment, lambda record: f'"id={marker},'.encode() in record)


def stale_working_containers(environment: Mapping[str, str]) -> list[str]:
    """The ids of working containers of our builds whose process is no more."""

    def is_stale(record: bytes) -> bool:
        found = _MARKER.search(record)
        return found is not None and not Path("/proc", found[1].decode()).exists()

    return _containers(environment, is_stale)


def remove_working_containers(containers: Collection[str], environment: Mapping[str, str]) -> None:
    """Remove working containers, with whatever still runs in them.

    Raises:
        EngineError: Buildah refused to remove one.
    """
    end_runs(containers)
    for container in containers:
        command.run(buildah.remove_container_argv(container), environment=environment)


def end_runs(containers: Collection[str]) -> None:
    """Kill what RUN began in these working containers, and wait until it is gone.

    Buildah does so itself when it is told to end; not when it is killed, and not when it is told in
    the moment in which the process begins.
    """
    end_held(hold_runs(containers))


def hold_runs(containers: Collection[str]) -> list[int]:
    """Descriptors (pidfd_open(2)) of the first processes of what RUN began in these containers.

    Asked before Buildah is ended: it may take the container's files away, among them what tells
    whose a process is, and leave the process.
    """
    found = (_held_if_in(containers, pid) for pid in _first_processes()) if containers else ()
    return [handle for handle in found if handle is not None]


def _held_if_in(containers: Collection[str], pid: int) -> int | None:
    try:
        handle = os.pidfd_open(pid)
    except OSError:  # it ended meanwhile
        return None
    with suppress(OSError):  # another user's: its files are closed to us
        if _container_of(pid) in containers:
            return handle
    os.close(handle)
    return None


def end_held(held: Iterable[int]) -> None:
    """Kill what `hold_runs` found, wait until it is gone, and close the descriptors."""
    for handle in held:
        with suppress(OSError):  # it has ended
            signal.pidfd_send_signal(handle, signal.SIGKILL)
            select.select([handle], [], [], _DEADLINE)
        os.close(handle)


def _first_processes() -> Iterator[int]:
    """The processes that are the first of a process namespace: all others end with them."""
    for path in Path("/proc").glob("[0-9]*/status"):
        with suppress(OSError):
            found = _FIRST.search(path.read_bytes())
            if found is not None:
                yield int(path.parent.name)


def _container_of(pid: int) -> str:
    """The id of the working container that a process runs in."""
    # What lies there, a program in the container may have put there.
    told = read_bytes(f"/proc/{pid}/root/run/.containerenv", limit=_RECORD)
    found = _ID.search(told)
    return found[1].decode() if found else ""


def _containers(environment: Mapping[str, str], wanted: Callable[[bytes], bool]) -> list[str]:
    place = find_store(environment)
    records = place.roots[0] / f"{place.driver}-containers"
    found = records.glob("*/userdata/buildah.json")
    return [path.parent.parent.name for path in found if wanted(_read(path))]


def _read(record: Path) -> bytes:
    try:
        return read_bytes(record, limit=_RECORD)
    except OSError:  # another build ended, and removed its container, meanwhile
        return b""
