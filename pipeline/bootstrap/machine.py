"""Look at this machine: what is installed, what packages are missing, who is at work already."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from pipeline.bootstrap.messages import UNABLE, Stop, print_message
from pipeline.bootstrap.packages import (
    Host,
    Manager,
    installed,
    manager_here,
    missing_packages,
    ships_podman5,
)
from pipeline.bootstrap.safe_files import open_lock


def missing_here(level: str, *, venv: bool) -> tuple[Manager | None, tuple[str, ...]]:
    """The package manager of this machine, and the packages that the level needs and lacks.

    Args:
        level: `base`, `engine` or `develop`.
        venv: whether a Python here makes virtual environments.
    """
    manager = manager_here(installed)
    host = Host(
        manager=manager.name if manager else "",
        has=installed,
        unified=os.path.exists("/sys/fs/cgroup/cgroup.controllers"),
        venv=venv,
        podman5=ships_podman5(os_release()),
    )
    return manager, missing_packages(level, host)


def no_manager(packages: tuple[str, ...]) -> Stop:
    """The end where no package manager that we know can install what is missing."""
    return Stop(
        "this machine has no package manager that capas knows",
        "known are apt-get, dnf, zypper, pacman and apk",
        f"install by hand: {' '.join(packages)}; then run the same command again",
        code=UNABLE,
    )


@contextmanager
def alone(checkout: str | int) -> Iterator[None]:
    """Hold the set-up of a checkout; wait for another one of ours that is at work.

    The lock is a file that nobody else can open: who can, could keep us waiting for ever.

    Args:
        checkout: its path, or its descriptor where root holds it.
    """
    folder, at = ("", checkout) if isinstance(checkout, int) else (f"{checkout}/", None)
    try:
        lock = open_lock(f"{folder}.venv.lock", owner=os.geteuid(), dir_fd=at)
    except OSError:  # a checkout that we cannot write; two set-ups at once are rare there
        yield
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print_message("another set-up of this checkout is running: waiting for it")
        fcntl.flock(lock, fcntl.LOCK_EX)
    except OSError:
        pass  # a file system without locks
    try:
        yield
    finally:
        os.close(lock)


def os_release() -> dict[str, str]:
    """What this machine says of its distribution (os-release(5)); empty when it says nothing."""
    try:
        with open("/etc/os-release", encoding="utf-8") as file:
            pairs = [line.strip().split("=", 1) for line in file if "=" in line]
    except OSError:
        return {}
    return {name: value.strip("\"'") for name, value in pairs}
