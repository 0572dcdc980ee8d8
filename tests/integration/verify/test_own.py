"""The experiments of a spec: they hold, they are refuted, and they leave nothing."""

from __future__ import annotations

import pytest

from pipeline.engine.podman_writer import PodmanWriter
from tests.integration.conftest import Capas
from tests.integration.verify.conftest import nothing_left
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
