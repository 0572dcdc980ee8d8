"""Tests and measurements on other engines: `--on`, by servers that root started.

Root makes a root file system of another release, enters it, and names its socket in a variable
(`pipeline/bootstrap/entered_engines.py`). Here, without root's rights, the checkout is sent to
the server, gets its Python environment there, is tested there, and its reports come back.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from pipeline.bootstrap.engines import ALL, ENGINES, here
from pipeline.bootstrap.machine import os_release
from pipeline.errors import CapasError, HostUnsupported, UsageError
from pipeline.lean_dataclasses import dataclass
from pipeline.tasks.tests_summary import Counts

SERVERS = "CAPAS_ENGINE_SERVERS"
PARTS = ("unit", "integration")
"""The parts that another engine is tested with."""
_SECONDS = 45 * 60
_PLACE = "capas"
"""The checkout's folder in the home of the account there."""
_LEFT_OUT = (".venv", ".git", "reports", "__pycache__", ".mypy_cache", ".ruff_cache")
_PREPARE = (
    "./capas validate >/dev/null && exec .venv/bin/python -m pip install --quiet --no-input "
    "--progress-bar=off --editable '.[{extras}]'"
)


@dataclass(frozen=True)
class EngineChoice:
    """Where tests or measurements run.

    Attributes:
        machine: on this machine, as it is.
        servers: of other engines: by name an address, or why there is none.
    """

    machine: bool
    servers: Mapping[str, Mapping[str, str]]


def choose_engines(on: str, part: str, environ: Mapping[str, str]) -> EngineChoice:
    """What `--on` asks for.

    Raises:
        HostUnable: another engine is asked for, and not by root.
        UsageError: there is no such engine, or no such part of the tests there.
    """
    names = [engine.name for engine in ENGINES]
    if on and on not in (ALL, *names):
        raise UsageError(
            f"there is no engine {on!r}", resolution=f"use one of {', '.join((*names, ALL))}"
        )
    machine = here(os_release())
    if not on or on == machine:
        return EngineChoice(True, {})
    if part and part not in PARTS and on != ALL:
        raise UsageError(
            f"the part {part!r} runs on this machine only",
            resolution=f"omit --on, or use --part {' or '.join(PARTS)}",
        )
    if SERVERS not in environ:
        raise HostUnsupported(
            f"--on {on} needs the root file system of another release",
            details="only root can enter one",
            resolution="run it as root: all runs as unprivileged accounts all the same",
        )
    return EngineChoice(
        on == ALL, {} if part and part not in PARTS else json.loads(environ[SERVERS])
    )


def run_there(name: str, server: str, part: str, checkout: Path) -> tuple[int, Counts]:
    """Run the tests on another engine; the exit code, and what its reports count.

    Args:
        part: one of PARTS; empty for both.
        checkout: what is tested; its `reports/engines/NAME` becomes what the tests there wrote.
    """
    if code := _prepared(server, checkout, "engines"):
        return code, Counts(errors=1)
    tests = [".venv/bin/python", "-m", "tests.engines", name, *([part] if part else [])]
    code = _ask(server, tests, cwd=_PLACE)
    reports = checkout / "reports" / "engines" / name
    _fetch(server, reports)
    counts = Counts()
    for report in reports.glob("*.xml"):
        counts += Counts.read(report)
    return code, counts if code in (0, 1) else counts + Counts(errors=1)


def measure_there(server: str, scripts: Sequence[str], checkout: Path) -> int:
    """Run scripts of `bench/` on another engine, on our own streams; the first exit code but 0.

    Args:
        scripts: their modules.
        checkout: what is measured.
    """
    if code := _prepared(server, checkout, "engines,bench"):
        return code
    codes = [_ask(server, [".venv/bin/python", "-m", script], cwd=_PLACE) for script in scripts]
    return next(filter(None, codes), 0)


def _prepared(server: str, checkout: Path, extras: str) -> int:
    """Bring the checkout there, with a Python environment; the exit code.

    Args:
        extras: of the package.
    """
    prepare = ["sh", "-euc", _PREPARE.format(extras=extras)]
    return _send(server, checkout) or _ask(server, prepare, cwd=_PLACE)


def _send(server: str, checkout: Path) -> int:
    left_out = [f"--exclude={name}" for name in _LEFT_OUT]
    argv = ["tar", "-C", str(checkout), *left_out, "-cf", "-", "."]
    unpack = ["sh", "-euc", f"mkdir -p {_PLACE}; exec tar -C {_PLACE} -xf -"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as packing:
        code = _ask(server, unpack, stdin=packing.stdout)
    return code or packing.returncode


def _fetch(server: str, reports: Path) -> None:
    """Bring the reports of the tests home; one that was not written is missing here, too."""
    reports.mkdir(parents=True, exist_ok=True)
    for old in reports.iterdir():
        old.unlink()
    for name in (*(f"{part}.xml" for part in PARTS), "host.json"):
        path = reports / name
        with path.open("wb") as file:
            show = ["sh", "-c", f"cat reports/engines/{reports.name}/{name} 2>/dev/null"]
            missing = _ask(server, show, cwd=_PLACE, stdout=file)
        if missing:
            path.unlink()


def _ask(
    server: str,
    argv: Sequence[str],
    *,
    cwd: str = ".",
    stdin: IO[bytes] | None = None,
    stdout: IO[bytes] | None = None,
) -> int:
    """Let a program run at a server, on our own streams; its exit code.

    Raises:
        CapasError: nobody answers there.
    """
    with Path(os.devnull).open("rb") as nothing, socket.socket(socket.AF_UNIX) as client:
        streams = [(stdin or nothing).fileno(), stdout.fileno() if stdout else 1, 2]
        client.settimeout(_SECONDS)
        request = json.dumps({"argv": [*argv], "cwd": cwd, "environment": {}})
        try:
            client.connect(server)
            socket.send_fds(client, [b"\0"], streams)
            client.sendall(f"{request}\n".encode())
            if stdin:
                stdin.close()  # a pipe ends for the other side when nobody else has it
            with client.makefile("r", encoding="utf-8") as answer:
                said = answer.readline().strip()
        except OSError as error:
            said = f"{error}"
    if not said.lstrip("-").isdigit():
        raise CapasError(
            "the other engine's root does not answer",
            details=said or "it ended",
            resolution="the lines above say what went wrong there",
        )
    return int(said)
