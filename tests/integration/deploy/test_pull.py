"""Images that the spec does not build come from a registry: a real one, on the loopback."""

from __future__ import annotations

from subprocess import CompletedProcess

import pytest

from tests.integration.deploy.conftest import Project, fetch
from tests.integration.registry import Registry

pytestmark = pytest.mark.integration


def push(project: Project, base: str, registry: Registry, content: str) -> str:
    """Put an image into the registry, under the same tag as the one before."""
    reference = f"{registry.address}/site:1"
    context = project.folder / "site"
    context.mkdir(exist_ok=True)
    (context / "word").write_text(content)
    (context / "Containerfile").write_text(f"FROM {base}\nCOPY word /site/\nWORKDIR /site\n")
    local = f"localhost/site:{content}"
    project.podman("build", "-q", "-t", local, str(context))
    project.podman("push", "-q", "--tls-verify=false", local, reference)
    return reference


def test_an_image_is_pulled_by_policy_and_a_moved_tag_is_an_upgrade(
    project: Project, registry: Registry, small_base: str
) -> None:
    def deploy(*options: str, check: bool = True) -> CompletedProcess[str]:
        return project.run("deploy", *options, check=check, **registry.settings)

    project.image = push(project, small_base, registry, "one")
    data = "[volumes.data]\nbackup_before_upgrade = true"
    project.write(data, volumes=["data:/data"])
    url = f"http://127.0.0.1:{project.port}/word"
    preview = deploy("--dry-run").stdout
    assert preview.startswith(f"pull image {project.image} (missing)\n")
    assert "start container" in preview
    done = deploy()
    assert f"{project.image}: Trying to pull" in done.stderr
    assert f"✓ pull image {project.image}  missing" in done.stderr
    assert fetch(url) == "one"

    push(project, small_base, registry, "two")
    assert "nothing to do" in deploy().stderr
    project.write(data, volumes=["data:/data"], pull_policy="always")
    done = deploy()
    assert f"{project.image} is another image now" in done.stderr
    assert f"{project.name}_data is backed up" in done.stderr
    assert fetch(url) == "two"
    assert "nothing to do" in deploy().stderr


def test_an_image_that_cannot_be_had_is_reported_and_nothing_is_touched(
    project: Project, registry: Registry
) -> None:
    def deploy(*options: str, check: bool = True) -> CompletedProcess[str]:
        return project.run("deploy", *options, check=check, **registry.settings)

    project.run("deploy")
    before = project.ids()
    project.write(image=f"{registry.address}/nothing:1")
    refused = deploy(check=False)
    assert refused.returncode == 1
    assert f"the image {registry.address}/nothing:1 cannot be pulled" in refused.stderr
    assert "manifest unknown" in refused.stderr
    assert project.ids() == before
    project.write(image=f"{registry.address}/nothing:1", pull_policy="never")
    refused = deploy(check=False)
    assert refused.returncode == 1
    assert "does not exist" in refused.stderr
    assert project.ids() == before
