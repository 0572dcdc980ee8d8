"""The mutex of a pipeline on the machine that its service runs on, for whoever deploys from afar.

It is the same file as `mutex.py` locks there, by flock(1) of util-linux: a command given on that
machine and one from elsewhere see each other.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO

from pipeline.engine.mutex import DEADLINE
from pipeline.engine.remote_host import ContainerHost
from pipeline.errors import CapasError, EngineError
from pipeline.host.observe import user_name

_HOLD = (
    'd=${XDG_RUNTIME_DIR:-/run/user/$(id -u)}; [ -w "$d" ] && d=$d/capas || d=/tmp/capas-$(id -u); '
    '[ -d "$d" ] || mkdir -m 700 "$d" || exit; [ -O "$d" ] || exit; f=$d/$1.mutex; '
    'command -v flock >/dev/null && exec 9>>"$f" || exit; '
    'flock -n 9 || { echo "capas: waiting $(cat "$f")"; flock -w "$2" 9; } || '
    '{ echo "capas: taken $(cat "$f")"; exit; }; '
    'echo "$3" >"$f"; echo "capas: held"; cat >/dev/null'
)
"""Holds the lock until its standard input ends: with the connection, or with us, however we end.

One line, since the login shell that is handed it may be of any kind.
"""


@contextmanager
def far_mutex(
    machine: ContainerHost,
    pipeline: str,
    waiting: Callable[[str], None],
    *,
    deadline: float = DEADLINE,
) -> Iterator[None]:
    """Hold the pipeline on that machine for the time of the block.

    Args:
        waiting: told who holds it, once, when it has to be waited for.
        deadline: seconds.

    Raises:
        CapasError: it was not freed within `deadline` seconds.
        EngineError: nothing can be locked there.
    """
    argv = ["sh", "-c", _HOLD, "sh", pipeline, f"{max(1, round(deadline))}", _ourselves()]
    with machine.attended(argv) as said:
        _wait(said, machine, pipeline, waiting)
        yield


def _wait(
    said: IO[str], machine: ContainerHost, pipeline: str, waiting: Callable[[str], None]
) -> None:
    for line in said:
        mark, _, rest = line.strip().partition(": ")
        if mark != "capas":  # a login shell may greet
            continue
        state, _, holder = rest.partition(" ")
        if state == "held":
            return
        who = f"{holder or 'just begun'}, on {machine.name}"
        if state == "taken":
            raise CapasError(f"another command is working on {pipeline}", details=who)
        waiting(f"waiting for another command on {pipeline}: {who}")
    raise EngineError(f"nothing can be locked on {machine.name}")


def _ourselves() -> str:
    who = f"process {os.getpid()} of {user_name(os.getuid())} on {socket.gethostname()}"
    return f"{who}, since {time.strftime('%H:%M:%S')}"
