"""What to tell the administrator, in the words of this distribution."""

from __future__ import annotations

import shlex

from pipeline.bootstrap.packages import MANAGERS, install_argv, package_of
from pipeline.host.facts import Facts

UNIFIED = "boot with systemd.unified_cgroup_hierarchy=1"
"""How a machine with systemd gets control groups v2 alone."""


def named_mode(mode: str) -> str:
    """What control groups are, in words."""
    return {"v1": "version 1", "hybrid": "hybrid (version 1)", "none": "missing"}[mode]


def install(facts: Facts, *programs: str) -> str:
    """The command that installs programs here."""
    managers = {manager.name: manager for manager in MANAGERS}
    names = [package_of(program, facts.package_manager) for program in programs]
    if manager := managers.get(facts.package_manager):
        return shlex.join(install_argv(manager, dict.fromkeys(names)))
    return f"install {' '.join(names)}"
