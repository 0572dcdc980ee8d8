"""Killed at any moment: the next deploy ends where an undisturbed one ends, and loses nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from pipeline.engine.service import api_service
from tests.integration.conftest import CHECKOUT
from tests.integration.deploy.between import Passing, between
from tests.integration.deploy.conftest import Project, toml

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

SECRET = "kept by podman"
EXTRA = """
[services.store]
image = {image}
command = ["sleep", "600"]
volumes = ["data:/data"]
stop_grace_period = "1s"
secrets = ["token"]
labels.v = {version}
[volumes.data]
[secrets.token]
file = "../token"
"""


def write(project: Project, version: str) -> None:
    """Two services, a network, a volume, a secret: all that a deploy can leave behind."""
    (project.folder / "token").write_text(SECRET)
    os.utime(project.folder / "token", (1, 1))
    project.write(
        EXTRA.format(image=toml(project.image), version=toml(version)),
        labels={"v": version},
        replicas=1,
        depends_on=["store"],
        healthcheck={"http": ":5000/", "interval": "100ms", "retries": 50},
    )


def everything(project: Project) -> dict[str, Any]:
    """All that carries the pipeline's name, in a form that does not depend on ids and times."""
    label = f"label=io.github.capas.pipeline={project.name}"
    containers = json.loads(project.podman("ps", "-a", "--filter", label, "--format=json"))
    secrets = project.podman("secret", "ls", "--format={{.Name}}").split()
    return {
        "containers": sorted(
            (c["Names"][0], c["State"], str(c["Ports"]), c["Labels"]["io.github.capas.config"])
            for c in containers
        ),
        "networks": project.podman("network", "ls", "-q", "--filter", label).splitlines(),
        "volumes": project.podman("volume", "ls", "-q", "--filter", label).splitlines(),
        "secrets": [name for name in secrets if project.name in name],
    }


def start(project: Project, uri: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "pipeline", "deploy"],
        cwd=project.folder,
        env={**project.environment, "PYTHONPATH": str(CHECKOUT), "CONTAINER_HOST": uri},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )


def deploy_and_kill(project: Project, service: str, number: int) -> tuple[bool, list[str]]:
    """Deploy, killed at the n-th call that changes something; whether it was, and the calls."""
    process: list[subprocess.Popen[str]] = []
    passing = Passing(number, lambda: process[0].send_signal(signal.SIGKILL))
    with between(project.folder / "s.sock", service, passing) as uri:
        process.append(start(project, uri))
        output, _ = process[0].communicate(timeout=120)
    assert process[0].returncode in (0, -signal.SIGKILL), output
    return process[0].returncode != 0, passing.requests


def volume_says(project: Project) -> str:
    return project.podman("exec", f"{project.name}-store-1", "cat", "/data/file")


def test_killed_at_every_call_of_a_first_deploy_the_next_must_end_the_same(
    project: Project, service: str
) -> None:
    write(project, "1")
    project.run("deploy")
    expected = everything(project)
    assert len(expected["containers"]) == 2
    for number in range(1, 50):
        project.run("down")
        killed, calls = deploy_and_kill(project, service, number)
        project.run("deploy", CONTAINER_HOST=service)
        assert everything(project) == expected, f"killed at {calls[-1]}"
        assert "nothing to do" in project.run("deploy").stderr
        if not killed:
            break
    assert number >= 6  # network, secret, two containers, two starts; the volume stayed


def test_killed_at_every_call_of_an_update_the_next_must_end_the_same(
    project: Project, service: str
) -> None:
    expected = {}
    for version in ("1", "2"):
        write(project, version)
        project.run("deploy")
        expected[version] = everything(project)
    project.podman("exec", f"{project.name}-store-1", "sh", "-c", "echo precious > /data/file")
    for number in range(1, 50):
        version = "12"[(number - 1) % 2]  # each update is one back from where the last one ended
        write(project, version)
        killed, calls = deploy_and_kill(project, service, number)
        project.run("deploy", CONTAINER_HOST=service)
        assert everything(project) == expected[version], f"killed at {calls[-1]}"
        assert volume_says(project) == "precious"
        if not killed:
            break
    assert number >= 10  # for each of two: create, stop, start, remove, rename


def test_a_deploy_whose_api_service_is_killed_must_say_so_and_go_on_next_time(
    project: Project, environment: Mapping[str, str]
) -> None:
    write(project, "1")
    project.run("deploy")
    write(project, "2")
    alone = {k: v for k, v in environment.items() if k != "CONTAINER_HOST"}
    with api_service(alone) as uri:
        pids = _holders(Path(uri.removeprefix("unix://")))
        passing = Passing(3, lambda: kill_all(pids))
        with between(project.folder / "s.sock", uri, passing) as front:
            process = start(project, front)
            output, _ = process.communicate(timeout=120)
    assert process.returncode == 1, output
    assert "Traceback" not in output
    project.run("deploy")
    assert [c[:2] for c in everything(project)["containers"]] == [
        (f"{project.name}-store-1", "running"),
        (f"{project.name}-web-1", "running"),
    ]


def test_a_second_deploy_must_wait_for_the_first_and_take_over_from_a_dead_one(
    project: Project, service: str, eventually: Callable[..., None]
) -> None:
    write(project, "1")
    stopped: list[subprocess.Popen[str]] = []
    passing = Passing(1, lambda: stopped[0].send_signal(signal.SIGSTOP))
    with between(project.folder / "s.sock", service, passing) as uri:
        stopped.append(start(project, uri))
        eventually(lambda: bool(passing.requests))
        second = start(project, service)
        assert second.stdout is not None
        waiting = second.stdout.readline()
        assert f"waiting for another command on {project.name}" in waiting
        assert str(stopped[0].pid) in waiting
        stopped[0].send_signal(signal.SIGKILL)
        output, _ = second.communicate(timeout=120)
        stopped[0].communicate()
    assert second.returncode == 0, output
    assert len(everything(project)["containers"]) == 2


def kill_all(pids: list[int]) -> None:
    for pid in pids:
        os.kill(pid, signal.SIGKILL)


def _holders(path: Path) -> list[int]:
    """Processes of this user whose command line names the socket."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and entry.stat().st_uid == os.getuid():
            try:
                words = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if str(path).encode() in words and b"service" in words:
                found.append(int(entry.name))
    assert found
    return found
