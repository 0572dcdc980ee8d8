"""A deploy that is interrupted or fails: what is good serves on, and everything goes back."""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.deploy.conftest import Project, fetch, toml
from tests.integration.deploy.killing import start
from tests.integration.deploy.load import steady_load

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

SHORT = {"http": ":5000/", "interval": "100ms", "retries": 5}
LONG = {**SHORT, "retries": 600}
"""Long enough to be interrupted while something sick is waited for."""
SICK: dict[str, Any] = {"command": ["sleep", "600"], "stop_grace_period": "0s"}
Eventually = Callable[..., None]


def interrupt(project: Project, service: str, eventually: Eventually, name: str) -> None:
    """A deploy, and Ctrl-C while it waits for a container."""
    process = start(project, service)
    running = ["ps", "-q", "--filter", f"name=^{project.name}-{name}$"]
    eventually(lambda: bool(project.podman(*running)) or process.poll() is not None, 60)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 130, output


def names(project: Project) -> list[str]:
    """All that is there, running or not."""
    found = project.podman(
        "ps", "-a", "--format", "{{.Names}}", "--filter", f"name=^{project.name}"
    )
    return sorted(name.removeprefix(f"{project.name}-") for name in found.split())


@pytest.mark.parametrize("replicas", [1, 2])
def test_what_an_interrupted_deploy_left_does_not_go_live_before_it_is_healthy(
    project: Project, service: str, eventually: Eventually, replicas: int
) -> None:
    project.write(replicas=replicas, stop_grace_period="0s")
    project.run("deploy")
    before = project.ids()
    project.write(replicas=replicas, healthcheck=LONG, **SICK)
    interrupt(project, service, eventually, "web-1.next")
    project.write(replicas=replicas, healthcheck=SHORT, **SICK)
    assert "wait for container" in project.run("deploy", "--dry-run").stdout
    again = project.run("deploy", check=False)
    assert again.returncode == 1
    assert "web-1.next is not healthy" in again.stderr
    assert "back as a whole to what ran before: web" in again.stderr
    assert project.ids() == before
    assert names(project) == sorted(before)
    assert "Directory listing" in fetch(f"http://127.0.0.1:{project.port}")
    project.write(replicas=replicas, stop_grace_period="0s")
    assert "nothing to do" in project.run("deploy").stderr


def test_behind_an_ingress_it_costs_no_request_though_fewer_replicas_are_asked_for(
    project: Project, service: str, eventually: Eventually, ingress: Callable[..., None]
) -> None:
    ingress("one")
    project.run("deploy")
    before = project.ids()
    with steady_load(project.port) as count:
        sick = {**SICK, "command": None, "entrypoint": ["sleep", "600"], "replicas": 1}
        ingress("two", healthcheck=LONG, **sick)
        interrupt(project, service, eventually, "web-1.next")
        ingress("two", healthcheck=SHORT, **sick)
        again = project.run("deploy", check=False)
    assert again.returncode == 1, again.stderr
    assert count.failures == []
    assert set(count.answers) == {"one"}
    assert project.ids() == before


WORKER = """
[services.worker]
image = {image}
command = {command}
restart = "on-failure"
stop_grace_period = "0s"
healthcheck = {{ test = ["test", "-e", "/tmp/up"], interval = "100ms", retries = 5 }}
[services.fresh]
image = {image}
command = ["sh", "-c", "sleep 0.2; exit 3"]
restart = "on-failure"
profiles = ["fresh"]
"""


def test_when_one_service_fails_all_go_back(project: Project) -> None:
    def write(version: str, worker: str) -> None:
        command = ["sh", "-c", worker]
        extra = WORKER.format(image=toml(project.image), command=toml(command))
        project.write(extra, labels={"v": version}, stop_grace_period="0s")

    write("1", "touch /tmp/up; sleep 600")
    project.run("deploy")
    before = project.ids()
    write("2", "sleep 600")
    failed = project.run("deploy", check=False)
    assert failed.returncode == 1
    assert "worker-1.next is not healthy" in failed.stderr
    assert "back as a whole to what ran before: web, worker" in failed.stderr
    assert project.ids() == before
    assert names(project) == ["web-1", "web-2", "worker-1"]
    write("1", "touch /tmp/up; sleep 600")
    assert "nothing to do" in project.run("deploy").stderr
    failed = project.run("deploy", "--profile", "fresh", check=False)
    assert failed.returncode == 1
    assert "fresh did not run before: it is stopped" in failed.stderr
    assert project.status()["fresh-1"]["state"] == "exited"


AFTER_WEB = """
[services.worker]
image = {image}
command = {command}
stop_grace_period = "0s"
depends_on = {{ web = {{ condition = "service_healthy" }} }}
healthcheck = {{ test = ["test", "-e", "/tmp/up"], interval = "100ms", retries = 5 }}
"""


def test_on_the_way_back_behind_an_ingress_no_request_may_fail(
    project: Project, ingress: Callable[..., None]
) -> None:
    def write(version: str, worker: str) -> None:
        command = toml(["sh", "-c", worker])
        ingress(version, AFTER_WEB.format(image=toml(project.image), command=command))

    write("one", "touch /tmp/up; sleep 600")
    project.run("deploy")
    before = project.ids()
    with steady_load(project.port) as count:
        write("two", "sleep 600")
        failed = project.run("deploy", check=False)
    assert failed.returncode == 1
    assert "worker-1.next is not healthy" in failed.stderr
    assert count.failures == []
    assert set(count.answers) == {"one", "two"}
    assert project.ids() == before


def test_after_a_reboot_what_ran_comes_back_before_it_is_replaced(project: Project) -> None:
    project.write(stop_grace_period="0s")
    project.run("deploy")
    before = project.ids()
    project.podman("stop", "-t", "0", f"{project.name}-web-1", f"{project.name}-web-2")
    project.write(healthcheck=SHORT, **SICK)
    dry = project.run("deploy", "--dry-run").stdout.splitlines()
    assert dry[0] == "starting what ran before: web"
    assert dry[1].startswith(f"start container {project.name}-web-")
    failed = project.run("deploy", check=False)
    assert failed.returncode == 1
    assert failed.stderr.splitlines()[0] == "starting what ran before: web"
    assert project.ids() == before
    assert {c["state"] for c in project.status().values()} == {"running"}
    assert "Directory listing" in fetch(f"http://127.0.0.1:{project.port}")


def test_a_first_deploy_that_fails_leaves_no_crash_loop(
    project: Project, eventually: Eventually
) -> None:
    project.write(
        replicas=1,
        command=["sh", "-c", "sleep 0.1; exit 3"],
        restart="always",
        healthcheck=SHORT,
    )
    assert project.run("deploy", check=False).returncode == 1
    restarts = ["inspect", f"{project.name}-web-1", "--format", "{{.RestartCount}}"]
    count = project.podman(*restarts)
    state = ["inspect", f"{project.name}-web-1", "--format", "{{.State.Status}}"]
    eventually(lambda: project.podman(*state) in ("exited", "stopped"))
    project.run("logs", "web")
    project.run("status")
    assert project.podman(*restarts) == count
