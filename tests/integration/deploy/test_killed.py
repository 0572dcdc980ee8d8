"""Killed at any moment: the next deploy ends where an undisturbed one ends, and loses nothing."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable, Mapping

import pytest

from tests.integration.deploy.between import Passing, between
from tests.integration.deploy.conftest import Project, toml
from tests.integration.deploy.killing import (
    deploy_and_kill,
    deploy_and_kill_service,
    everything,
    start,
)

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
    project.write(
        EXTRA.format(image=toml(project.image), version=toml(version)),
        labels={"v": version},
        replicas=1,
        depends_on=["store"],
        healthcheck={"http": ":5000/", "interval": "100ms", "retries": 50},
    )


def volume_says(project: Project) -> str:
    return project.podman("exec", f"{project.name}-store-1", "cat", "/data/file")


def test_killed_at_every_call_of_a_first_deploy_the_next_ends_the_same(
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


def test_killed_at_every_call_of_an_update_the_next_ends_the_same(
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


def test_a_deploy_whose_api_service_is_killed_says_so_and_goes_on_next_time(
    project: Project, environment: Mapping[str, str]
) -> None:
    write(project, "1")
    project.run("deploy")
    before = everything(project)
    write(project, "2")
    code, output, _calls = deploy_and_kill_service(project, environment, 3)
    assert code == 1, output
    project.run("deploy")
    after = everything(project)
    assert [c[:2] for c in after["containers"]] == [c[:2] for c in before["containers"]]
    assert {**after, "containers": ()} == {**before, "containers": ()}


def test_a_second_deploy_waits_for_the_first_and_takes_over_from_a_dead_one(
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
