"""A user's way: everything runs as the user, in the checkout; packages come through sudo."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from pipeline.bootstrap.environment import Environment, is_ready
from pipeline.bootstrap.machine import alone, missing_here, no_manager
from pipeline.bootstrap.messages import UNABLE, Stop, agreed, print_setup_plan
from pipeline.bootstrap.packages import Manager, install_argv
from pipeline.bootstrap.steps import InstallPackages
from pipeline.bootstrap.tools import run_tool
from pipeline.bootstrap.venv import find_python, make

_CANNOT_DO_WITHOUT = frozenset({"podman", "buildah", "python3-venv", "python3", "python"})


def run(checkout: str, level: str, arguments: Sequence[str]) -> int:
    """Prepare, then become the task; returns only when that fails.

    Raises:
        Stop: something is missing that cannot be had.
    """
    environment = Environment(checkout, None, os.environ)
    if not is_ready(environment, level):
        with alone(checkout):
            if not is_ready(environment, level):
                _prepare(environment, level)
    os.execv(environment.python, [environment.python, "-I", "-m", "pipeline", *arguments])  # noqa: S606


def _prepare(environment: Environment, level: str) -> None:
    if not os.access(environment.folder, os.W_OK):
        raise Stop(
            f"the folder {environment.folder} cannot be written by you",
            "its Python environment would lie there",
            "copy the checkout to a folder of yours",
            code=UNABLE,
        )
    manager, packages = missing_here(level, venv=find_python(None) is not None)
    install = _installation(manager, packages)
    print_setup_plan([*([install] if install else []), f"make or renew {environment.folder}/.venv"])
    if install:
        if not agreed():
            raise Stop("nothing was changed", code=1)
        install.apply()
    make(environment, level)


def _installation(manager: Manager | None, packages: tuple[str, ...]) -> InstallPackages | None:
    """How to get what is missing; None when nothing is, or nothing that capas cannot do without.

    Raises:
        Stop: it cannot be had: there is no package manager, or no sudo.
    """
    if not packages:
        return None
    needed = bool(_CANNOT_DO_WITHOUT.intersection(packages))
    if manager is None:
        if needed:
            raise no_manager(packages)
        return None
    if run_tool(["sudo", "-n", "true"]).code == 0:
        return InstallPackages(manager, packages, ("sudo", "-n"))
    if not needed:
        return None
    if sys.stdin.isatty() and sys.stderr.isatty() and run_tool(["sudo", "-V"]).code == 0:
        return InstallPackages(manager, packages, ("sudo",))
    raise Stop(
        f"not installed here: {' '.join(packages)}",
        "installing them needs root's rights, and sudo asks for a password",
        f"ask the administrator for: {' '.join(install_argv(manager, packages))}",
        code=UNABLE,
    )
