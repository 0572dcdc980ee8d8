"""What a version of capas before decision 0029 deployed, taken over without losing a request."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable

import pytest

from tests.integration.conftest import CHECKOUT
from tests.integration.deploy.conftest import Project
from tests.integration.deploy.load import steady_load

pytestmark = pytest.mark.integration

FORMER = {
    "engine/labels.py": ('f"{NAMESPACE}.ingress"', 'f"{NAMESPACE}.door"'),
    "deploy/plan/ingress.py": ('f"{desired.name}-ingress"', 'f"{desired.name}-door"'),
    "deploy/plan/ingress_plan.py": ("{self._desired.name}-ingress", "{self._desired.name}-door"),
}
"""By file: what is stored now, and what was stored then."""


@pytest.fixture
def former(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A copy of the package that stores the former words: where to import it from."""
    there = tmp_path_factory.mktemp("former")
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(CHECKOUT / "pipeline", there / "pipeline", ignore=ignored)
    for name, (now, then) in FORMER.items():
        file = there / "pipeline" / name
        text = file.read_text()
        assert now in text, f"{name} has changed: {now} is not in it"
        file.write_text(text.replace(now, then))
    config = there / "pipeline" / "deploy" / "plan" / "ingress.py"
    config.write_text(config.read_text().replace("frontend ingress", "frontend door"))
    return str(there)


def labels_of(project: Project, name: str) -> dict[str, str]:
    found = json.loads(project.podman("inspect", f"{project.name}-{name}"))
    its: dict[str, str] = found[0]["Config"]["Labels"]
    return its


def ours(project: Project) -> list[str]:
    """Every container of the pipeline, as Podman names it."""
    label = f"label=io.github.capas.pipeline={project.name}"
    names = project.podman("ps", "-a", "--filter", label, "--format={{.Names}}").split()
    return sorted(n.removeprefix(f"{project.name}-") for n in names)


def test_a_former_ingress_is_kept_and_renamed_without_a_lost_request(
    project: Project, ingress: Callable[..., None], former: str
) -> None:
    ingress("one")
    project.run("deploy", PYTHONPATH=former)
    assert ours(project) == ["web-1", "web-2", "web-door"]
    assert "io.github.capas.door" in labels_of(project, "web-door")
    status = project.status()
    assert status["web-door"]["ingress"] is True
    assert project.run("logs", "web-door").returncode == 0
    with steady_load(project.port) as count:
        project.run("deploy")
        assert ours(project) == ["web-1", "web-2", "web-ingress"]
        assert "nothing to do" in project.run("deploy").stderr
        ingress("two")
        project.run("deploy")
    assert count.failures == []
    assert set(count.answers) == {"one", "two"}
    assert project.status()["web-ingress"]["id"] == status["web-door"]["id"]
    project.run("down")
    assert ours(project) == []


def test_a_former_ingress_with_another_port_leaves_no_orphan(
    project: Project, ingress: Callable[..., None], former: str, proxy: str
) -> None:
    ingress("one")
    project.run("deploy", PYTHONPATH=former)
    moved = {"port": project.port + 1, "target": 5000, "image": proxy}
    ingress("one", ingress=moved)
    project.run("deploy")
    assert ours(project) == ["web-1", "web-2", "web-ingress"]
    assert "io.github.capas.ingress" in labels_of(project, "web-ingress")
    urls = project.status()["web-ingress"]["urls"]
    assert urls == [f"http://127.0.0.1:{project.port + 1}"]


def test_down_removes_what_a_former_version_deployed(
    project: Project, ingress: Callable[..., None], former: str
) -> None:
    ingress("one")
    project.run("deploy", PYTHONPATH=former)
    project.run("down")
    assert ours(project) == []
