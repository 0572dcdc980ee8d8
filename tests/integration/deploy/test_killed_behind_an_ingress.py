"""Killed at any moment of an update behind an ingress: the deploy, the API service, a replica."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.integration.deploy.conftest import Project, fetch
from tests.integration.deploy.killing import (
    calls_to_kill_at,
    deploy_and_kill,
    deploy_and_kill_service,
    deploy_while,
    everything,
    kill_inside,
)
from tests.integration.deploy.load import steady_load

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]

KEPT = "precious"
VERSIONS = ("one", "two")


class Behind:
    """Two replicas with a volume behind an ingress, deployed undisturbed in two versions."""

    def __init__(self, project: Project, ingress: Callable[..., None]) -> None:
        self._project = project
        self._ingress = ingress
        self._expected: dict[str, Any] = {}
        for version in VERSIONS:
            self.write(version)
            project.run("deploy")
            self._expected[version] = everything(project)
        keep = ["exec", f"{project.name}-web-1", "sh", "-c", f"echo {KEPT} > /data/file"]
        project.podman(*keep)

    def write(self, version: str) -> None:
        self._ingress(
            version,
            "[volumes.data]",
            volumes=["../app:/app:ro", "data:/data"],
            stop_grace_period="2s",
            restart="on-failure",
            healthcheck={"http": ":5000/", "interval": "100ms", "retries": 50},
        )

    def other(self, number: int) -> str:
        """The version that does not run when the n-th update begins; it is written."""
        version = VERSIONS[(number + 1) % 2]
        self.write(version)
        return version

    def must_be_whole(self, version: str, calls: list[str]) -> None:
        """One more deploy ends where an undisturbed one ended; nothing is left or lost."""
        project = self._project
        project.run("deploy")
        assert everything(project) == self._expected[version], calls[-1]
        assert fetch(f"http://127.0.0.1:{project.port}") == version
        assert project.podman("exec", f"{project.name}-web-2", "cat", "/data/file") == KEPT


@pytest.fixture
def behind(project: Project, ingress: Callable[..., None]) -> Behind:
    return Behind(project, ingress)


def test_killed_at_any_call_of_an_update_the_next_ends_the_same(
    behind: Behind, project: Project, service: str
) -> None:
    for turn, number in enumerate(calls_to_kill_at(step=5), 1):
        version = behind.other(turn)
        killed, calls = deploy_and_kill(project, service, number)
        behind.must_be_whole(version, calls)
        if not killed:
            break
    assert len(calls) >= 16  # for each of two: create, start, ingress thrice, stop, remove, rename


def test_the_api_service_killed_at_any_call_the_next_deploy_ends_the_same(
    behind: Behind, project: Project, environment: Mapping[str, str]
) -> None:
    for turn, number in enumerate(calls_to_kill_at(step=6), 1):
        version = behind.other(turn)
        code, output, calls = deploy_and_kill_service(project, environment, number)
        behind.must_be_whole(version, calls)
        if len(calls) < number:
            assert code == 0, output
            break
        assert code == 1, output


@pytest.mark.parametrize("name", ["web-1", "web-2"])
def test_a_replica_killed_in_an_update_costs_nothing_but_a_deploy(
    behind: Behind, project: Project, service: str, name: str
) -> None:
    with steady_load(project.port) as count:
        for turn, number in enumerate((1, 4), 1):
            version = behind.other(turn)
            code, output, calls = deploy_while(
                project, service, number, lambda: kill_inside(project, name)
            )
            assert code in (0, 1), output
            behind.must_be_whole(version, calls)
    assert count.failures == []
