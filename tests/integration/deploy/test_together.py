"""Several services: they find each other, wait for each other, and share secrets with nobody."""

from __future__ import annotations

import json

import pytest

from tests.integration.deploy.conftest import Project

pytestmark = pytest.mark.integration

SECRET = "correct horse battery staple"


def test_services_must_find_each_other_by_name_and_be_closed_to_others(project: Project) -> None:
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


def test_what_depends_on_a_failed_job_must_not_start(project: Project) -> None:
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


def test_a_secret_must_be_readable_inside_and_nowhere_else(project: Project) -> None:
    (project.folder / "token").write_text(SECRET)
    (project.folder / ".env").write_text(f"OTHER_SECRET='{SECRET[::-1]}'\n")
    project.write(
        """
        [secrets.token]
        file = "../token"
        [secrets.other]
        environment = "OTHER_SECRET"
        """,
        secrets=["token", {"source": "other", "target": "OTHER", "type": "env"}],
        replicas=1,
    )
    done = project.run("deploy", check=False)
    assert done.returncode == 0, done.stderr
    name = f"{project.name}-web-1"
    assert project.podman("exec", name, "cat", "/run/secrets/token") == SECRET
    assert project.podman("exec", name, "sh", "-c", "echo $OTHER") == SECRET[::-1]
    ours = done.stdout + done.stderr + json.dumps(project.status())
    ours += project.podman("ps", "-a", "--format=json")
    inspected = project.podman("inspect", name)
    assert SECRET not in ours + inspected
    assert SECRET[::-1] not in ours
    assert "the secret in the variable OTHER is visible in `podman inspect`" in done.stderr
    assert "nothing to do" in project.run("deploy").stderr
    (project.folder / "token").write_text("another one")
    project.run("deploy")
    assert project.podman("exec", name, "cat", "/run/secrets/token") == "another one"
    project.run("down")
    assert project.name not in project.podman("secret", "ls")


def test_a_limit_must_hold_or_stop_the_deploy(project: Project) -> None:
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
