"""Several services: they find each other, wait for each other, and share secrets with nobody."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.integration.deploy.conftest import Project

pytestmark = pytest.mark.integration

SECRET = "correct horse battery staple"


def test_services_find_each_other_by_name_and_are_closed_to_others(project: Project) -> None:
    project.write(
        f"""
        [services.client]
        image = "{project.image}"
        command = ["sh", "-c", "wget -q -O /dev/null http://web:5000/ && wget -q -O /dev/null http://web-2:5000/"]
        depends_on = {{ web = {{ condition = "service_healthy" }} }}

        [services.after]
        image = "{project.image}"
        command = ["sleep", "600"]
        depends_on = {{ client = {{ condition = "service_completed_successfully" }} }}
        """,
        ports=None,
    )
    done = project.run("deploy", check=False)
    assert done.returncode == 0, done.stderr
    status = project.status()
    assert (status["client-1"]["state"], status["client-1"]["exit_code"]) == ("exited", 0)
    assert status["after-1"]["state"] == "running"
    assert all(c["urls"] == [] for c in status.values())
    assert "nothing to do" in project.run("deploy").stderr


def test_what_depends_on_a_failed_job_does_not_start(project: Project) -> None:
    project.write(
        f"""
        [services.job]
        image = "{project.image}"
        command = ["sh", "-c", "echo no disk; exit 3"]
        """,
        depends_on={"job": {"condition": "service_completed_successfully"}},
    )
    done = project.run("deploy", check=False)
    assert done.returncode == 1
    assert "it ended with exit code 3" in done.stderr
    assert "no disk" in done.stderr
    assert "web-1" not in project.status()


def test_a_secret_is_readable_inside_and_nowhere_else(project: Project) -> None:
    (project.folder / "token").write_text(SECRET)
    project.write("[secrets.token]\nfile = '../token'", secrets=["token"], replicas=1)
    done = project.run("deploy")
    name = f"{project.name}-web-1"
    assert project.podman("exec", name, "cat", "/run/secrets/token") == SECRET
    assert "nothing to do" in project.run("deploy").stderr
    (project.folder / "token").write_text(SECRET[::-1])
    again = project.run("deploy")
    assert "secret" in again.stderr
    assert project.podman("exec", name, "cat", "/run/secrets/token") == SECRET[::-1]
    said = done.stdout + done.stderr + again.stdout + again.stderr + shown(project, name)
    assert SECRET not in said
    assert SECRET[::-1] not in said
    project.run("down")
    assert project.name not in project.podman("secret", "ls")


def test_a_secret_in_a_variable_is_hidden_or_refused(project: Project) -> None:
    def write(value: str, **how: object) -> None:
        (project.folder / ".env").write_text(f"THE_TOKEN='{value}'\n")
        mount = {"source": "token", "target": "TOKEN", "type": "env", **how}
        table = "[secrets.token]\nenvironment = 'THE_TOKEN'"
        project.write(table, secrets=[mount], replicas=1)

    write(SECRET)
    name = f"{project.name}-web-1"
    done = project.run("deploy", check=False)
    if done.returncode == 4:
        assert "this Podman would show the secret token in `podman inspect`" in done.stderr
        assert project.status() == {}
        write(SECRET, visible=True)
        noted = project.run("deploy").stderr
        assert "the secret in the variable TOKEN is visible in `podman inspect`" in noted
        assert SECRET in project.podman("inspect", name)  # else the refusal would be wrong
    else:
        assert done.returncode == 0, done.stderr
        assert SECRET not in done.stdout + done.stderr + shown(project, name)
    assert project.podman("exec", name, "sh", "-c", "echo $TOKEN") == SECRET
    assert "nothing to do" in project.run("deploy").stderr
    write(SECRET[::-1], visible=True)
    project.run("deploy")
    assert project.podman("exec", name, "sh", "-c", "echo $TOKEN") == SECRET[::-1]


def shown(project: Project, name: str) -> str:
    """All that the engine and we tell about a container, and every file that we keep."""
    told = [
        json.dumps(project.status()),
        project.run("logs").stdout,
        project.run("events", "--since", "10m").stdout,
        project.podman("inspect", name),
        project.podman("ps", "-a", "--format=json"),
        project.podman("logs", name),
        project.podman("events", "--stream=false", "--since=10m", "--format=json"),
        project.podman("secret", "inspect", f"{project.name}_token"),
    ]
    for kind in ("CACHE", "STATE"):
        ours = Path(project.environment[f"XDG_{kind}_HOME"], "capas")
        told += [path.read_text(errors="replace") for path in ours.rglob("*") if path.is_file()]
    return "\n".join(told)


def test_a_limit_holds_or_stops_the_deploy(project: Project) -> None:
    project.write(resources={"memory": "64m"}, replicas=1)
    done = project.run("deploy", check=False)
    controllers = json.loads(project.podman("info", "--format", "json"))["host"][
        "cgroupControllers"
    ]
    if "memory" in (controllers or []):
        assert done.returncode == 0
        found = json.loads(project.podman("inspect", f"{project.name}-web-1"))[0]
        assert found["HostConfig"]["Memory"] == 64 << 20
        return
    assert done.returncode == 4
    assert "does not enforce the limits of web: memory" in done.stderr
    assert project.status() == {}
    project.write(resources={"memory": "64m", "optional": True}, replicas=1)
    assert "this host enforces no limit of memory" in project.run("deploy").stderr
