"""The experiments of a spec: they hold, they are refuted, and they leave nothing."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from pipeline.engine import labels
from pipeline.engine.podman_writer import PodmanWriter
from tests.integration.conftest import CHECKOUT, Capas
from tests.integration.verify.conftest import left_behind, nothing_left
from tests.integration.verify.project import UserProject, make_project

pytestmark = pytest.mark.integration

UPGRADE = """
[[verify]]
name  = "my-users-survive-upgrade"
claim = "My application keeps its users after an upgrade."
steps = [
  { http = "POST /users", body = { name = "ann" }, status = 201 },
  { upgrade = "1.1" },
  { http = "GET /users", text = "ann" },
]
"""


@pytest.fixture(scope="module")
def users(tmp_path_factory: pytest.TempPathFactory, small_base: str, capas: Capas) -> UserProject:
    folder = tmp_path_factory.mktemp("users") / "project"
    return make_project(folder, "users", small_base, capas, 22610)


def test_a_claim_in_eight_lines_holds(users: UserProject, api: PodmanWriter) -> None:
    assert len(UPGRADE.strip().splitlines()) <= 8
    users.write(UPGRADE)
    done, found = users.verify()
    one = found["my-users-survive-upgrade"]
    assert (one["verdict"], one["reason"]) == ("held", ""), done.stderr
    assert done.returncode == 0
    nothing_left(api)


def test_an_application_that_forgets_to_commit_is_found_out(
    users: UserProject, api: PodmanWriter
) -> None:
    users.write(UPGRADE, environment='{ FAULT = "forgets" }')
    done, found = users.verify()
    one = found["my-users-survive-upgrade"]
    assert one["verdict"] == "refuted"
    assert "'ann'" in one["reason"]
    assert done.returncode == 1
    nothing_left(api)


def recipes() -> list[str]:
    page = (CHECKOUT / "docs" / "verify.md").read_text(encoding="utf-8")
    return re.findall(r"```toml\n(.*?)```", page, re.DOTALL)


def test_the_recipes_of_the_page_hold(users: UserProject, api: PodmanWriter) -> None:
    assert len(recipes()) == 6
    users.write("\n".join(recipes()))
    names = re.findall(r'^name *= "(.*)"$', "\n".join(recipes()), re.MULTILINE)
    only = [word for name in names for word in ("--only", name)]
    done = users.capas("verify", *only, "--format", "json", cwd=users.folder, check=False)
    found = json.loads(done.stdout)["experiments"]
    assert [(one["name"], one["verdict"], one["reason"]) for one in found] == [
        (name, "held", "") for name in names
    ]
    nothing_left(api)


LONG = """
[[verify]]
name  = "my-long-one"
claim = "It takes its time."
steps = [ { http = "GET /" }, { wait = "100s" } ]
"""


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGKILL])
def test_an_interruption_leaves_nothing_that_the_next_run_does_not_sweep(
    users: UserProject, api: PodmanWriter, environment: Mapping[str, str], sent: signal.Signals
) -> None:
    users.write(LONG + LONG.replace("long", "other"))
    argv = [sys.executable, "-m", "pipeline", "verify", "--only", "my-*"]
    variables = {**environment, "PYTHONPATH": str(CHECKOUT)}
    process = subprocess.Popen(
        argv, cwd=users.folder, env=variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    end = time.monotonic() + 60
    while sum(one.status == "running" for one in api.containers([labels.EXPERIMENT])) < 2:
        assert time.monotonic() < end
        assert process.poll() is None
        time.sleep(0.1)
    process.send_signal(sent)
    process.communicate(timeout=30)
    if sent is signal.SIGINT:
        assert process.returncode == 130
        nothing_left(api)
        return
    assert left_behind(api)
    users.write(UPGRADE)
    users.verify(check=True)
    nothing_left(api)


def test_a_step_that_does_not_end_is_ended_with_its_experiment(
    users: UserProject, api: PodmanWriter
) -> None:
    users.write(
        """
[[verify]]
name    = "my-endless-command"
claim   = "It ends."
timeout = "6s"
steps   = [ { exec = "sleep 1000" } ]

[[verify]]
name    = "my-slow-command"
claim   = "A command may be silent for long."
steps   = [ { exec = "sleep 12; echo done", equals = "done" } ]

[[verify]]
name    = "my-dead-container"
claim   = "A command in a container that is dead gets no answer."
steps   = [ { kill = "web" }, { exec = "true", within = "1s" } ]
"""
    )
    _done, found = users.verify()
    verdicts = {name: (one["verdict"], one["reason"]) for name, one in found.items()}
    assert verdicts["my-endless-command"] == ("refuted", "it was not done in 6 s")
    assert verdicts["my-slow-command"] == ("held", "")
    assert verdicts["my-dead-container"][0] == "refuted"
    assert "web-1 is exited" in verdicts["my-dead-container"][1]
    nothing_left(api)


def test_the_deployed_service_and_its_data_are_not_touched(
    users: UserProject, api: PodmanWriter
) -> None:
    users.write(UPGRADE)
    users.capas("deploy", cwd=users.folder)
    try:
        before = [(c.id, c.status) for c in api.containers()]
        users.verify(check=True)
        assert [(c.id, c.status) for c in api.containers()] == before
        volume = api.file_text(f"{users.name}-web-1", "/data/users.json")
        assert volume is None
    finally:
        users.capas("down", cwd=users.folder)
        api.remove_volume(f"{users.name}_data")


def test_a_version_that_is_not_built_says_nothing_of_the_claim(users: UserProject) -> None:
    users.write(UPGRADE.replace('"1.1"', '"1.2", fails = true'))
    text = users.spec.read_text()
    users.spec.write_text(text.replace('"2.0" =', '"1.2" = { context = "../app" }\n"2.0" ='))
    done, found = users.verify()
    one = found["my-users-survive-upgrade"]
    assert one["verdict"] == "failed"
    assert "capas build --version 1.2" in one["reason"]
    assert done.returncode == 1


def test_the_experiments_of_a_new_project_hold(
    tmp_path: Path, small_base: str, capas: Capas, api: PodmanWriter
) -> None:
    capas("init", "--name", "fresh", "--base", small_base, cwd=tmp_path)
    capas("build", cwd=tmp_path)
    own = ["visits-*", "one-*", "backup-*"]
    only = [word for name in own for word in ("--only", name)]
    done = capas("verify", *only, "--format", "json", cwd=tmp_path, check=False)
    found = json.loads(done.stdout)["experiments"]
    assert [(one["verdict"], one["reason"]) for one in found] == [("held", "")] * 5
    nothing_left(api)
