"""The pytest plugin of an installed wheel, in a project outside the checkout."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from pipeline.engine.podman_writer import PodmanWriter
from tests.integration.conftest import Capas
from tests.integration.verify.conftest import left_behind, nothing_left
from tests.integration.verify.project import UserProject, make_project

pytestmark = pytest.mark.integration

TESTS = """
import time
import pytest

def names(service):
    return [user["name"] for user in service.get("/users").json()]

def test_answers(service):
    assert service.get("/").json()["version"] == "1.0"

def test_users_survive_a_kill(service):
    assert service.post("/users", {"name": "ann"}).status == 201
    service.kill()
    service.start()
    assert "ann" in names(service)

def test_users_survive_a_restart(service):
    service.post("/users", {"name": "bob"})
    service.restart()
    assert "bob" in names(service)

def test_users_survive_removal(service):
    service.post("/users", {"name": "cid"})
    service.remove()
    service.start()
    assert "cid" in names(service)

def test_upgrade_and_rollback(service):
    service.post("/users", {"name": "dan"})
    service.upgrade("1.1")
    assert service.get("/").json()["version"] == "1.1"
    service.rollback()
    assert service.get("/").json()["version"] == "1.0"
    assert "dan" in names(service)

def test_a_bad_version_goes_back(service):
    with pytest.raises(Exception, match="not healthy"):
        service.upgrade("2.0")
    assert service.get("/").json()["version"] == "1.0"

def test_scale(service):
    service.scale(2)
    assert len(set(service.urls)) == 2
    assert [replica.get("/").status for replica in service.replicas] == [200, 200]
    service.scale(1)

def test_backup(pipeline, service):
    service.post("/users", {"name": "eve"})
    backup = pipeline.volume("data").backup()
    service.exec("rm", "/data/users.json")
    pipeline.volume("data").restore(backup)
    assert "eve" in names(service)

def test_files_and_logs(service):
    service.write("/data/note", "kept")
    assert service.read("/data/note") == "kept"
    assert service.read("/data/none") is None
    assert service.exec("exit 3").exit_code == 3
    assert "GET /" in service.logs()

def test_podman_py_sees_the_same(service, podman_client):
    container = podman_client.containers.get(service.container)
    assert container.name.startswith("capas-experiment-")
    assert service.url.endswith(str(service.get_exposed_port(5000)))
"""
CRASH = """
import os, signal

def test_it_crashes(service):
    service.get("/")
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(scope="module")
def users(tmp_path_factory: pytest.TempPathFactory, small_base: str, capas: Capas) -> UserProject:
    folder = tmp_path_factory.mktemp("plugin") / "project"
    return make_project(folder, "tested", small_base, capas, 22640)


def run_pytest(
    folder: Path, installed: Path, environment: Mapping[str, str], *arguments: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments],
        cwd=folder,
        env={**environment, "PYTHONPATH": str(installed)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def test_a_project_with_its_own_tests_is_green_and_red_when_it_forgets_to_commit(
    users: UserProject, installed: Path, environment: Mapping[str, str], api: PodmanWriter
) -> None:
    users.write("")
    (users.folder / "test_users.py").write_text(TESTS)
    done = run_pytest(users.folder, installed, environment)
    assert "10 passed" in done.stdout, done.stdout + done.stderr
    nothing_left(api)
    users.write("", environment='{ FAULT = "forgets" }')
    done = run_pytest(users.folder, installed, environment, "-k", "survive_a_kill")
    assert done.returncode == 1
    for told in ("web-1 is running; its log", "POST /users", "what happened to the containers"):
        assert told in done.stdout
    nothing_left(api)


def test_workers_do_not_collide(
    users: UserProject, installed: Path, environment: Mapping[str, str], api: PodmanWriter
) -> None:
    users.write("")
    (users.folder / "test_users.py").write_text(TESTS)
    done = run_pytest(users.folder, installed, environment, "-n", "2", "-k", "kill or restart")
    assert "2 passed" in done.stdout, done.stdout + done.stderr
    nothing_left(api)


def test_a_crash_leaves_nothing_that_the_next_run_does_not_sweep(
    users: UserProject, installed: Path, environment: Mapping[str, str], api: PodmanWriter
) -> None:
    users.write("")
    (users.folder / "test_users.py").write_text(CRASH)
    assert run_pytest(users.folder, installed, environment).returncode == -signal.SIGKILL
    assert left_behind(api)
    (users.folder / "test_users.py").write_text(TESTS)
    done = run_pytest(
        users.folder, installed, environment, "-k", "answers", "-o", "capas_scope=function"
    )
    assert "1 passed" in done.stdout, done.stdout + done.stderr
    nothing_left(api)


def test_the_tests_of_a_new_project_pass(
    tmp_path: Path,
    small_base: str,
    capas: Capas,
    installed: Path,
    environment: Mapping[str, str],
) -> None:
    capas("init", "--name", "fresh-app", "--base", small_base, "--tests", cwd=tmp_path)
    capas("build", cwd=tmp_path)
    done = run_pytest(tmp_path, installed, environment)
    assert "5 passed" in done.stdout, done.stdout + done.stderr


def test_what_is_missing_is_said_without_a_traceback(
    users: UserProject, installed: Path, environment: Mapping[str, str], tmp_path: Path
) -> None:
    (tmp_path / "test_none.py").write_text("def test_it(service): pass\n")
    done = run_pytest(tmp_path, installed, environment)
    assert done.returncode == 1
    assert "no spec" in done.stdout
    assert "Traceback" not in done.stdout
