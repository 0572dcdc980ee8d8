"""What to tell the administrator, in the words of this distribution."""

from __future__ import annotations

import shlex

from pipeline.bootstrap.packages import MANAGERS, install_argv, package_of
from pipeline.host.facts import Facts


def install(facts: Facts, *programs: str) -> str:
    """The command that installs programs here."""
    managers = {manager.name: manager for manager in MANAGERS}
    names = [package_of(program, facts.package_manager) for program in programs]
    if manager := managers.get(facts.package_manager):
        return shlex.join(install_argv(manager, dict.fromkeys(names)))
    return f"install {' '.join(names)}"
