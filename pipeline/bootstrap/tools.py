"""Run a tool of the set-up: as ourselves or as the account, silent or with its output shown."""

from __future__ import annotations

import os
import pwd
import signal
import subprocess
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from typing import NamedTuple

from pipeline.bootstrap.messages import print_message

_END_SECONDS = 5.0
"""How long a tool may clear away after an interruption."""


class ToolOutput(NamedTuple):
    """How a tool ended, and what it said on both of its streams."""

    code: int
    text: str

    def last(self, lines: int = 8) -> str:
        """Its last lines: where tools tell what went wrong."""
        return "\n".join(self.text.strip().splitlines()[-lines:])


def run_tool(
    argv: Sequence[str],
    *,
    account: pwd.struct_passwd | None = None,
    environment: Mapping[str, str] | None = None,
    cwd: str = "/",
    shown: bool = False,
) -> ToolOutput:
    """Run a tool to its end; one that does not exist answers 127.

    Args:
        argv: the tool and its arguments.
        account: whose rights it runs with; None for ours. Only root can say one.
        environment: its whole environment; None for ours.
        cwd: the folder it runs in.
        shown: show its lines on standard error as they come.
    """
    groups = os.getgrouplist(account.pw_name, account.pw_gid) if account else None
    try:
        process = subprocess.Popen(
            argv,
            cwd=cwd,
            env=None if environment is None else dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            user=account.pw_uid if account else None,
            group=account.pw_gid if account else None,
            extra_groups=groups,
            umask=0o022 if account else -1,
            start_new_session=account is not None,  # it shall not type on root's terminal
        )
    except OSError as error:
        return ToolOutput(127, f"{argv[0]}: {error.strerror}")
    kept: deque[str] = deque(maxlen=200)
    with process, ended(process) if account else nullcontext():
        for line in process.stdout or ():
            kept.append(line)
            if shown:
                print_message(f"    {line.rstrip()}")
        return ToolOutput(process.wait(), "".join(kept))


@contextmanager
def ended(process: subprocess.Popen[str], seconds: float = _END_SECONDS) -> Iterator[None]:
    """End a process and its whole session when the block is interrupted: no terminal tells it.

    Args:
        process: one with a session of its own.
        seconds: how long it has to clear away what it began.
    """
    try:
        yield
    except KeyboardInterrupt:
        for number in (signal.SIGINT, signal.SIGKILL):
            with suppress(ProcessLookupError):
                os.killpg(process.pid, number)
            with suppress(subprocess.TimeoutExpired):
                process.communicate(timeout=seconds)
        raise
