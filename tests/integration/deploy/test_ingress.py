"""Replicas behind an ingress: whatever happens to one of them, no request fails."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.integration.deploy.conftest import Project, fetch
from tests.integration.deploy.killing import kill_inside
from tests.integration.deploy.load import steady_load

pytestmark = pytest.mark.integration


def test_no_request_may_fail_in_an_update_and_on_the_way_back(
    project: Project, ingress: Callable[..., None], record_property: Callable[[str, object], None]
) -> None:
    ingress("one")
    project.run("deploy")
    with steady_load(project.port) as count:
        ingress("two")
        project.run("deploy")
        ingress("one")
        project.run("deploy")
    assert count.failures == []
    assert set(count.answers) == {"one", "two"}
    record_property("requests", count.total)


def test_no_request_may_fail_when_a_replica_is_killed_under_load(
    project: Project,
    ingress: Callable[..., None],
    eventually: Callable[..., None],
) -> None:
    ingress("one", restart="on-failure")
    project.run("deploy")
    with steady_load(project.port) as count:
        for name in ("web-1", "web-2"):
            before = count.total
            eventually(lambda seen=before: count.total > seen + 50)
            kill_inside(project, name)
            eventually(lambda who=name: project.status()[who]["health"] == "healthy")
            eventually(lambda seen=before: count.total > seen + 100)
    assert count.failures == []


def test_a_new_version_that_is_not_healthy_costs_no_request(
    project: Project, ingress: Callable[..., None]
) -> None:
    ingress("one")
    project.run("deploy")
    before = project.ids()
    with steady_load(project.port) as count:
        ingress("two", healthcheck={"http": ":5000/", "retries": 2, "interval": "100ms"},
             entrypoint=["sleep", "600"])  # fmt: skip
        failed = project.run("deploy", check=False)
    assert failed.returncode == 1
    assert count.failures == []
    assert set(count.answers) == {"one"}
    assert project.ids() == before


def test_only_the_ingress_may_be_reachable(project: Project, ingress: Callable[..., None]) -> None:
    ingress("one")
    project.run("deploy")
    status = project.status()
    assert status["web-ingress"]["urls"] == [f"http://127.0.0.1:{project.port}"]
    assert [status[f"web-{n}"]["urls"] for n in (1, 2)] == [[], []]
    assert fetch(f"http://127.0.0.1:{project.port}") == "one"
    assert "nothing to do" in project.run("deploy").stderr
    project.run("scale", "web=1")
    assert fetch(f"http://127.0.0.1:{project.port}") == "one"
    project.run("down")
    assert project.status() == {}
