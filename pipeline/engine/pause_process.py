"""Podman's pause process, which holds a user's namespaces, and its repair when Podman lost them.

After all processes of an account were killed while containers ran (a logout that kills, an
out-of-memory killer), Podman looks for the namespaces of containers that it believes to run,
finds none, and refuses every command (pkg/rootless, `TryJoinFromFilePaths`). The same happens
when the number in its pid file was given to another process of the account. `podman system
migrate` makes it forget what ran (podman-system-migrate(1)); it would stop what does run.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from pipeline.bootstrap.safe_files import read_text
from pipeline.engine import command
from pipeline.engine.file_lock import lock_within
from pipeline.engine.sockets import started
from pipeline.errors import EngineError
from pipeline.lean_re import lazy_pattern

NAMES = ("catatonit", "podman", "podman pause")
"""What the process that holds a user's namespaces is called."""

_REFUSED = lazy_pattern(
    r"invalid internal status|podman system migrate|cannot set user namespace"
    r"|cannot re-?exec process to join|cannot join the (?:user|mount) namespace",
)
_LOCK = "capas-pause.lock"
_LOCK_SECONDS = 60.0
_ASK_SECONDS = 60.0
_CLOCK_SLACK = 2.0
"""Seconds between the start of a process and the writing of its pid file, at most."""
_MOST_RUNS = 500
"""Podman 5.4 ends in a panic after each container that it forgets, and goes on with the next one
when it is run again."""


def is_refusal(words: str) -> bool:
    """Whether Podman's words say that it cannot join this user's namespaces."""
    return _REFUSED.search(words) is not None


def pid_file(runtime: str) -> Path:
    """Where Podman keeps the number of the pause process, below the runtime folder."""
    return Path(runtime, "libpod", "tmp", "pause.pid")


def is_pause_process(pid: str) -> bool:
    """Whether this number is a pause process of this user."""
    folder = Path("/proc", pid)
    try:
        is_ours = pid.isdecimal() and folder.stat().st_uid == os.getuid()
        return is_ours and (folder / "comm").read_text(errors="replace").strip() in NAMES
    except OSError:
        return False


def refusal(environment: Mapping[str, str]) -> str:
    """Podman's words when it cannot join this user's namespaces, else "".

    Raises:
        EngineError: it does not answer at all.
    """
    asked = command.run(
        ["podman", "ps", "--quiet"], environment=environment, check=False, timeout=_ASK_SECONDS
    )
    return asked.stderr.strip() if asked.returncode and is_refusal(asked.stderr) else ""


def living(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Ids of containers of this user's run root whose first process lives.

    Raises:
        EngineError: Buildah, which does not need the pause process, cannot say where that is.
    """
    return living_below(_run_root(environment))


def _run_root(environment: Mapping[str, str]) -> Path:
    asked = command.run(["buildah", "info"], environment=environment, timeout=_ASK_SECONDS)
    return Path(json.loads(asked.stdout)["store"]["RunRoot"])


def living_below(run_root: Path) -> tuple[str, ...]:
    """Ids of the containers of a run root whose first process lives."""
    files = sorted(run_root.glob("*-containers/*/userdata/pidfile"))
    return tuple(file.parent.parent.name for file in files if _lives(file))


def mend(environment: Mapping[str, str], folder: Path) -> str:
    """Let Podman join this user's namespaces again; in words, what was done.

    Args:
        environment: what Podman runs with.
        folder: of this user alone; two commands at once mend one after the other.

    Raises:
        EngineError: containers still have living processes, or nothing helped.
    """
    with _alone(folder):
        said = refusal(environment)
        if said and _forget_recycled(environment):
            said = refusal(environment)
            if not said:
                return "Podman's pause process was gone and its number another's: forgotten"
        if not said:
            return ""
        run_root = _run_root(environment)
        if still := living_below(run_root):
            raise EngineError(
                "Podman can no longer reach this account's containers",
                details="\n".join(
                    [
                        "its pause process and the containers' monitors were killed;",
                        "these containers still have living processes:",
                        *(f"  {one[:12]}" for one in still),
                    ]
                ),
                resolution="`podman system migrate` repairs it and stops those containers: run it "
                "when they may stop, then `capas deploy`",
            )
        _migrate(environment)
        _forget_mounts(environment)
        _forget_names(run_root)
        if said := refusal(environment):
            raise EngineError(
                "Podman cannot join this account's namespaces, and `podman system migrate` "
                "does not help",
                details=said,
                resolution="end this account's processes and remove "
                f"{environment.get('XDG_RUNTIME_DIR') or '/tmp/podman-run-*'}/libpod/tmp, "  # noqa: S108 (Podman's own place)
                "or restart the machine",
            )
    return (
        "all processes of this account had been killed while containers ran: "
        "`podman system migrate` has repaired it"
    )


def _migrate(environment: Mapping[str, str]) -> None:
    """Let Podman forget what ran, as often as it gets on with another container."""
    forgotten: set[str] = set()
    for _run in range(_MOST_RUNS):
        done = command.run(
            ["podman", "system", "migrate"],
            environment=environment,
            check=False,
            timeout=_ASK_SECONDS,
        )
        more = set(re.findall(r"^stopped (\w+)", done.stdout, re.MULTILINE)) - forgotten
        forgotten |= more
        if done.returncode == 0 or not more:
            return


def _forget_mounts(environment: Mapping[str, str]) -> None:
    """Let Podman take no container's file system for mounted: the mounts went with the namespaces.

    Podman notes them as there, and would start the container again on an empty folder ("catatonit:
    failed to exec pid1: No such file or directory"). One that stays `stopping` cannot be cleaned
    up; a deploy makes it anew.
    """
    command.run(
        ["podman", "container", "cleanup", "--all"],
        environment=environment,
        check=False,
        timeout=_ASK_SECONDS,
    )


def _forget_names(run_root: Path) -> None:
    """Let the name server of networks forget the containers that it served before it was killed.

    Podman cannot take them out of its files when their network namespaces are gone, and the server
    ends only when there is none left (netavark, `dns/aardvark.rs`).
    """
    for file in (run_root / "networks" / "aardvark-dns").glob("*"):
        with suppress(OSError):
            file.unlink()


def _forget_recycled(environment: Mapping[str, str]) -> bool:
    """Remove a pid file that names no pause process: `migrate` would kill whatever it names."""
    path = pid_file(environment.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}")
    try:
        pid = read_text(path).strip()
    except (OSError, ValueError):
        return False
    if is_pause_process(pid):
        return False
    path.unlink(missing_ok=True)
    return True


def _lives(file: Path) -> bool:
    """Whether the process that a pid file names is the one that it was written for.

    One that began later has the number by chance.
    """
    try:
        written = file.stat().st_mtime
        began = started(int(read_text(file)))
    except (OSError, ValueError):
        return False
    return began <= written + _CLOCK_SLACK


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the lock on this user's pause process for the time of the block.

    Raises:
        EngineError: another command has held it for too long.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    lock = os.open(folder / _LOCK, flags, 0o600)
    try:
        if not lock_within(lock, _LOCK_SECONDS):
            raise EngineError(
                "another command has been repairing Podman's pause process for a minute",
                details=f"it holds {folder / _LOCK}",
                resolution="end it, and run the command again",
            )
        yield
    finally:
        os.close(lock)
