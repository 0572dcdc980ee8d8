"""Releases with real images: refused when changed, made again when lost, never pruned."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
import tomli

from pipeline.engine import command
from pipeline.engine.images import list_images
from pipeline.engine.storage import observe_storage
from tests.integration.build.project import make_project
from tests.integration.conftest import Capas

pytestmark = pytest.mark.integration


@pytest.fixture
def project(tmp_path: Path, capas: Capas) -> Path:
    made = make_project(tmp_path, "frozen")
    capas("build", cwd=made)
    return made


def _id(environment: Mapping[str, str], name: str) -> str | None:
    image = list_images(environment).named(f"localhost/{name}")
    return image.id if image else None


def _lock(project: Path) -> str:
    return (project / "specs" / "frozen.lock").read_text()


def test_a_release_freezes_the_version_and_what_it_builds_on(capas: Capas, project: Path) -> None:
    capas("release", "--version", "1.1", cwd=project)
    recorded = tomli.loads(_lock(project))["releases"]
    assert sorted(recorded) == ["app:1.1", "base:1"]
    assert sorted(recorded["app:1.1"]["files"]) == ["main.py", "more.py"]
    assert set(recorded["app:1.1"]["engines"]) == {"buildah", "podman", "storage"}
    before = _lock(project)
    again = capas("release", "--version", "1.1", cwd=project)
    assert "released before" in again.stdout
    assert _lock(project) == before


def test_changed_content_is_refused_by_build_and_told_by_validate(
    capas: Capas, environment: Mapping[str, str], project: Path
) -> None:
    capas("release", "--version", "1.1", cwd=project)
    image, lock = _id(environment, "app:1.1"), _lock(project)
    (project / "app" / "1.1" / "more.py").write_text("print(4)")
    refused = capas("build", "--version", "1.1", cwd=project, check=False)
    assert refused.returncode == 3
    assert "'more.py' changed" in refused.stderr
    assert "a version of its own: 1.2" in refused.stderr
    assert (_id(environment, "app:1.1"), _lock(project)) == (image, lock)
    told = capas("validate", cwd=project, check=False, PATH="/nonexistent")
    assert told.returncode == 2
    assert "CAP302" in told.stdout
    assert "'more.py' changed" in told.stdout
    (project / "app" / "1.1" / "more.py").write_text("print(2)")
    assert "released" in capas("build", "--version", "1.1", cwd=project).stdout


def test_a_lost_release_is_made_again_and_is_the_same_image(
    capas: Capas, environment: Mapping[str, str], project: Path
) -> None:
    capas("release", "--version", "1.1", cwd=project)
    image = _id(environment, "app:1.1")
    command.run(["podman", "rmi", "--force", "localhost/app:1.1"], environment=environment)
    assert _id(environment, "app:1.1") is None
    done = capas("build", "--version", "1.1", cwd=project)
    assert "the released image is not in the store" in done.stdout
    assert _id(environment, "app:1.1") == image


def test_a_lost_release_that_comes_out_as_another_image_is_refused_and_gets_no_name(
    capas: Capas, environment: Mapping[str, str], project: Path
) -> None:
    context = project / "app" / "1.0"
    (context / "sh").write_bytes(Path("/bin/busybox").read_bytes())
    (context / "sh").chmod(0o755)
    (context / "Containerfile").write_text(
        "FROM localhost/base:1\nCOPY sh /bin/sh\nRUN cat /proc/sys/kernel/random/uuid > /id\n"
    )
    capas("release", "--version", "1.0", cwd=project)
    argv = ["podman", "rmi", "--force", "localhost/app:1.0"]
    command.run(argv, environment=environment)
    refused = capas("build", "--version", "1.0", cwd=project, check=False)
    assert refused.returncode == 3
    assert "building it again gave another image" in refused.stderr
    assert "layer 3 is the first that differs" in refused.stderr
    assert _id(environment, "app:1.0") is None


def test_another_image_under_the_name_of_a_release_is_replaced_by_the_released_one(
    capas: Capas, environment: Mapping[str, str], project: Path
) -> None:
    capas("release", "--version", "1.1", cwd=project)
    image = _id(environment, "app:1.1")
    argv = ["podman", "tag", "localhost/app:1.0", "localhost/app:1.1"]
    command.run(argv, environment=environment)
    assert _id(environment, "app:1.1") != image
    spec = project / "specs" / "frozen.toml"
    spec.write_text(spec.read_text() + '[services.web]\nimage = "app"\nversion = "1.1"\n')
    refused = capas("deploy", "--dry-run", cwd=project, check=False)
    assert refused.returncode == 3
    assert "app:1.1 in the store is not what was released" in refused.stderr
    done = capas("build", "--version", "1.1", cwd=project)
    assert "the image in the store is not the released one" in done.stdout
    assert _id(environment, "app:1.1") == image


def test_prune_takes_old_images_but_no_release_and_nothing_in_use(
    capas: Capas, environment: Mapping[str, str], project: Path
) -> None:
    capas("release", "--version", "1.1", cwd=project)
    released = _id(environment, "app:1.1")
    old = {}
    for number in range(3):  # three old images of 1.0, one of them in a container
        (project / "app" / "1.0" / "main.py").write_text(f"print('prune {number}')")
        capas("build", "--version", "1.0", cwd=project)
        old[number] = _id(environment, "app:1.0")
    (project / "app" / "1.0" / "main.py").write_text("print('prune')")
    argv = ["podman", "create", "--name", "prune-holds", str(old[1]), "true"]
    command.run(argv, environment=environment)
    command.run(["podman", "untag", "localhost/app:1.1"], environment=environment)
    capas("build", "--version", "1.0", cwd=project)
    shown = capas("prune", cwd=project).stdout
    assert "app:1.0" in shown
    assert str(old[0])[:12] in shown
    everything = set(observe_storage(environment).images)
    assert set(old.values()) <= everything, "it only shows"
    capas("prune", "--yes", cwd=project)
    left = set(observe_storage(environment).images)
    assert left & set(old.values()) == {old[1]}
    assert released in left
    assert "nothing to remove" in capas("prune", cwd=project).stdout
    command.run(["podman", "rm", "prune-holds"], environment=environment)
    kept = capas("build", "--all", cwd=project).stdout.splitlines()
    assert [line.split()[0] for line in kept if " built " in line] == ["app:1.1"]
    assert _id(environment, "app:1.1") == released
