"""What replicas use now, measured from the kernel's process table.

Podman's own numbers need cgroups of version 2; a process's own are there on every host. Memory is
the resident set of all processes of a container: what they share is counted in each.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from pipeline.deploy.observe.logs import short_name
from pipeline.deploy.observe.snapshot import Container
from pipeline.engine.podman import PodmanReader
from pipeline.engine.remote_host import ContainerHost
from pipeline.lean_dataclasses import dataclass
from pipeline.output.document import Report, Size, Table

_PROC = Path("/proc")
_TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Usage:
    """One container's use.

    Attributes:
        cpu: of one processor, 1.0 is all of it.
        memory: resident, in bytes.
        processes: how many.
    """

    container: Container
    cpu: float
    memory: int
    processes: int


def measure_usage(
    reader: PodmanReader,
    containers: Sequence[Container],
    *,
    seconds: float = 0.5,
    sleep: Callable[[float], None] = time.sleep,
    proc: Path = _PROC,
) -> tuple[Usage, ...]:
    """What each running container uses over a moment.

    Args:
        seconds: between the two looks at processor time.
    """
    running = [c for c in containers if c.running]
    pids = {c.id: reader.host_processes(c.id) for c in running}
    everything = [pid for c in running for pid in pids[c.id]]
    before = _read(reader.machine, "stat", everything, proc)
    start = time.monotonic()
    sleep(seconds)
    after = _read(reader.machine, "stat", everything, proc)
    passed = max(time.monotonic() - start, 1e-6)
    status = _read(reader.machine, "status", everything, proc)
    return tuple(
        Usage(
            container=c,
            cpu=max(0, _ticks(pids[c.id], after) - _ticks(pids[c.id], before)) / _TICK / passed,
            memory=sum(resident_of(status.get(pid, "")) for pid in pids[c.id]),
            processes=len(pids[c.id]),
        )
        for c in running
    )


def present_usage(pipeline: str, usages: Sequence[Usage]) -> Report:
    """The numbers as a table and as data."""
    rows = tuple(
        (short_name(u.container), f"{u.cpu:.1%}", Size(u.memory), u.processes) for u in usages
    )
    table = Table(("replica", "cpu", "memory", "processes"), rows)
    data = [
        {
            "container": u.container.name,
            "cpu": round(u.cpu, 4),
            "memory_bytes": u.memory,
            "processes": u.processes,
        }
        for u in usages
    ]
    lead = "Memory is the resident set of the processes." if usages else "Nothing runs."
    return Report(pipeline, lead, (table,) if rows else (), {"containers": data})


def ticks_of(stat: str) -> int:
    """Processor time of a process in clock ticks, user and system (proc_pid_stat(5))."""
    # The name stands in brackets and may hold anything, brackets and blanks too.
    fields = stat.rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def resident_of(status: str) -> int:
    """Bytes that a process has in memory (VmRSS of proc_pid_status(5)); 0 for one that ended."""
    value = status.partition("VmRSS:")[2].split()
    return int(value[0]) * 1024 if value else 0


def _ticks(pids: Sequence[int], stats: Mapping[int, str]) -> int:
    return sum(ticks_of(stats[pid]) for pid in pids if pid in stats)


def _read(machine: ContainerHost, name: str, pids: Sequence[int], proc: Path) -> Mapping[int, str]:
    """A file of each process in /proc; nothing of those that are gone."""
    paths = {str(proc / str(pid) / name): pid for pid in pids}
    return {paths[path]: text for path, text in machine.texts(paths).items()}
