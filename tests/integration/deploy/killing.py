"""Kill something at the n-th call of a deploy, and see what is left of the pipeline."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from pipeline.engine.service import api_service
from pipeline.engine.sockets import listening
from tests.integration.conftest import CHECKOUT
from tests.integration.deploy.between import Passing, between
from tests.integration.deploy.conftest import Project

EVERY_CALL = "CAPAS_TEST_EVERY_CALL"
"""Set, the tests kill at every call; else at a sample of them."""


def everything(project: Project) -> dict[str, Any]:
    """All that carries the pipeline's name, in a form that does not depend on ids and times."""
    label = f"label=io.github.capas.pipeline={project.name}"
    containers = json.loads(project.podman("ps", "-a", "--filter", label, "--format=json"))
    stored = project.podman("ps", "-a", "--external", "--format={{.Names}}").split()
    secrets = project.podman("secret", "ls", "--format={{.Name}}").split()
    bound = set(listening())
    return {
        "containers": sorted(
            (c["Names"][0], c["State"], str(c["Ports"]), c["Labels"]["io.github.capas.config"])
            for c in containers
        ),
        "stored": sorted(name for name in stored if name.startswith(project.name)),
        "networks": project.podman("network", "ls", "-q", "--filter", label).splitlines(),
        "volumes": project.podman("volume", "ls", "-q", "--filter", label).splitlines(),
        # But for the records: each deploy has its own number.
        "secrets": [n for n in secrets if project.name in n and ".deploy-" not in n],
        "ports": sorted(bound & set(range(project.port, project.port + 10))),
    }


def calls_to_kill_at(step: int) -> Iterator[int]:
    """1, 2, 3, … when everything shall be tried; else every `step`-th."""
    return iter(range(1, 100, 1 if os.environ.get(EVERY_CALL) else step))


def start(project: Project, uri: str, *command: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "pipeline", *(command or ("deploy",))],
        cwd=project.folder,
        env={**project.environment, "PYTHONPATH": str(CHECKOUT), "CONTAINER_HOST": uri},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )


def deploy_and_kill(
    project: Project, service: str, number: int, *command: str
) -> tuple[bool, list[str]]:
    """Deploy, killed at the n-th call that changes something; whether it was, and the calls."""
    process: list[subprocess.Popen[str]] = []
    passing = Passing(number, lambda: process[0].send_signal(signal.SIGKILL))
    with between(project.folder / "s.sock", service, passing) as uri:
        process.append(start(project, uri, *command))
        output, _ = process[0].communicate(timeout=120)
    failed = (1,) if command else ()
    assert process[0].returncode in (0, -signal.SIGKILL, *failed), output
    return process[0].returncode != 0, passing.requests


def deploy_while(
    project: Project, service: str, number: int, act: Callable[[], None]
) -> tuple[int, str, list[str]]:
    """Deploy, and do something at its n-th call; its exit code, what it said, and the calls."""
    passing = Passing(number, act)
    with between(project.folder / "s.sock", service, passing) as uri:
        process = start(project, uri)
        output, _ = process.communicate(timeout=120)
    assert "Traceback" not in output
    return process.returncode, output, passing.requests


def deploy_and_kill_service(
    project: Project, environment: Mapping[str, str], number: int
) -> tuple[int, str, list[str]]:
    """Deploy, and kill the API service at the n-th call; as `deploy_while`."""
    alone = {k: v for k, v in environment.items() if k != "CONTAINER_HOST"}
    with api_service(alone) as uri:
        pids = _holders(Path(uri.removeprefix("unix://")))
        return deploy_while(project, uri, number, lambda: _kill_all(pids))


def kill_inside(project: Project, name: str) -> None:
    """SIGKILL to the service's own process, as the kernel's out-of-memory killer would."""
    found = json.loads(project.podman("inspect", f"{project.name}-{name}"))[0]
    parent = found["State"]["Pid"]
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    os.kill(int(children[0]) if children else parent, signal.SIGKILL)


def _kill_all(pids: list[int]) -> None:
    for pid in pids:
        os.kill(pid, signal.SIGKILL)


def _holders(path: Path) -> list[int]:
    """Processes of this user whose command line names the socket."""
    found = []
    for entry in Path("/proc").iterdir():
        with suppress(OSError):  # it ended between two looks
            if entry.name.isdecimal() and entry.stat().st_uid == os.getuid():
                words = (entry / "cmdline").read_bytes()
                if str(path).encode() in words and b"service" in words:
                    found.append(int(entry.name))
    assert found
    return found
