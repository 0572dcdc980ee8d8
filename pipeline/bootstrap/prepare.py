"""Prepare a machine for root: look, say the plan, ask where somebody can answer, do it."""

from __future__ import annotations

import pwd
from collections.abc import Sequence

from pipeline.bootstrap import account as accounts
from pipeline.bootstrap.environment import is_ready
from pipeline.bootstrap.machine import missing_here, no_manager
from pipeline.bootstrap.messages import Stop, agreed, print_setup_plan
from pipeline.bootstrap.mirror import environment_for
from pipeline.bootstrap.steps import LASTING, InstallPackages, OpenDevice, Step, plan_accounts
from pipeline.bootstrap.venv import find_python


def prepare(checkout: str, level: str, names: Sequence[str]) -> pwd.struct_passwd:
    """Do what is missing, and return the account that runs everything.

    Raises:
        Stop: something cannot be had, or the user said no.
    """
    account = accounts.find(names[0])
    if account is not None and not accounts.is_ours(account):
        raise Stop(
            f"the account {account.pw_name} belongs to a person or a service",
            "capas runs containers only as an account that it created",
            "name another account: CAPAS_ACCOUNT=capas-rootless ./capas …",
        )
    ready = account is not None and is_ready(environment_for(account, checkout), level)
    # Before the account is there, `nobody` tells which interpreter others than root can run.
    venv = ready or find_python(account or pwd.getpwnam("nobody")) is not None
    steps = _steps(level, names, venv=venv)
    renewed = [] if ready else ["make or renew the account's copy of this checkout and its .venv"]
    if steps or renewed:
        print_setup_plan([*steps, *renewed])
    if any(isinstance(step, LASTING) for step in steps) and not agreed():
        raise Stop("nothing was changed")
    for step in steps:
        step.apply()
    made = accounts.find(names[0])
    if made is None:
        raise Stop(f"the account {names[0]} was made, but cannot be found")
    return made


def _steps(level: str, names: Sequence[str], *, venv: bool) -> list[Step]:
    manager, packages = missing_here(level, venv=venv)
    if packages and manager is None:
        raise no_manager(packages)
    steps: list[Step] = [InstallPackages(manager, packages)] if manager and packages else []
    steps += plan_accounts({name: accounts.lacks(name) for name in names})
    steps += map(OpenDevice, accounts.closed_devices())
    return steps
