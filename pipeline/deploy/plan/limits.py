"""What a replica may use: asked for where this host enforces it, and read back (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.deploy.observe.features import Features
from pipeline.engine.inspected import InspectedContainer
from pipeline.spec.model import Resources

DEFAULT_PIDS = 512
"""Processes and threads of a replica whose spec gives no limit, where the host enforces one."""
_CPU_PERIOD = 100_000
"""Microseconds; the kernel's own period of cpu limits."""


def limits_of(wanted: Resources, abilities: Features) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The limits in the API's words, and the names of those that this host would ignore."""
    limits: dict[str, Any] = {}
    missing = []
    if wanted.memory is not None:
        limits["memory"] = {"limit": wanted.memory}
    if wanted.cpus is not None:
        limits["cpu"] = {"quota": round(wanted.cpus * _CPU_PERIOD), "period": _CPU_PERIOD}
    if wanted.pids is not None:
        limits["pids"] = {"limit": wanted.pids}
    for name in [n for n in limits if n not in abilities.limits]:
        missing.append(name)
        del limits[name]
    if "pids" in abilities.limits and "pids" not in limits:
        limits["pids"] = {"limit": DEFAULT_PIDS}
    return limits, tuple(missing)


def lost_limits(wanted: Mapping[str, Any], found: InspectedContainer | None) -> list[str]:
    """Read back: the limits that a container was asked to have and does not have."""
    if found is None:
        return []
    has = {
        "memory": ("limit", found.memory),
        "cpu": ("quota", found.cpu_quota),
        "pids": ("limit", found.pids),
    }
    return [
        name for name, (key, value) in has.items() if name in wanted and wanted[name][key] != value
    ]
