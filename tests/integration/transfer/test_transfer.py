"""Images to other places and back: a real registry, a real folder, another user's store."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from pipeline.engine import command
from pipeline.engine.images import list_images
from tests.integration.conftest import Capas, capas_on
from tests.integration.registry import Registry
from tests.integration.storage import session_store

pytestmark = pytest.mark.integration

BIG = 300_000
SPEC = """
name = "{name}"
[images.{name}.versions]
"1.0" = {{ context = "../one" }}
"1.1" = {{ context = "../two" }}
"""


@dataclass(frozen=True)
class Project:
    """Two versions; the second has one layer more."""

    name: str
    folder: Path
    environment: Mapping[str, str]

    @property
    def capas(self) -> Capas:
        """The program, on this project's store."""
        return capas_on(self.environment)

    def run(self, *arguments: str, code: int = 0) -> str:
        """What it answers on standard output, or on standard error when it fails."""
        done = self.capas(*arguments, cwd=self.folder, check=False)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout if code == 0 else done.stderr

    def moved(self, *arguments: str) -> dict[str, Any]:
        """The JSON of a push or a pull, its images by version."""
        said: dict[str, Any] = json.loads(self.run(*arguments, "--format=json"))
        said["images"] = {one["version"].rpartition(":")[2]: one for one in said["images"]}
        return said

    def ids(self) -> dict[str, str]:
        store = list_images(self.environment)
        found = {v: store.named(f"localhost/{self.name}:{v}") for v in ("1.0", "1.1")}
        return {version: image.id for version, image in found.items() if image}


@pytest.fixture
def project(tmp_path: Path, environment: Mapping[str, str]) -> Project:
    name = f"t{secrets.token_hex(4)}"
    one, two = tmp_path / "one", tmp_path / "two"
    for folder in (one, two, tmp_path / "specs"):
        folder.mkdir()
    for folder in (one, two):
        folder.joinpath("a").write_text(name)
        folder.joinpath("Containerfile").write_text("FROM scratch\nCOPY a /a\n")
    two.joinpath("b").write_bytes(os.urandom(BIG))
    two.joinpath("Containerfile").write_text("FROM scratch\nCOPY a /a\nCOPY b /b\n")
    tmp_path.joinpath("specs", "it.toml").write_text(SPEC.format(name=name))
    made = Project(name, tmp_path, environment)
    made.run("build", "--all")
    return made


@pytest.fixture(scope="module")
def other_store() -> Iterator[Mapping[str, str]]:
    """The store of a user who has none of the images."""
    with session_store(os.environ) as store:
        yield store.environment


@pytest.fixture
def elsewhere(project: Project, other_store: Mapping[str, str]) -> Project:
    """The same project, for that user."""
    return replace(project, environment=other_store)


def at(registry: Registry) -> tuple[str, str]:
    return f"{registry.address}/team", "--no-tls-verify"


def received(tmp_path: Path) -> int:
    """Bytes of the compressed layers that a registry keeps."""
    blobs = (tmp_path / "registry" / "docker" / "registry" / "v2" / "blobs").rglob("data")
    return sum(path.stat().st_size for path in blobs if path.read_bytes()[:2] == b"\x1f\x8b")


def test_a_push_sends_each_layer_once_and_nothing_a_second_time(
    project: Project, registry: Registry, tmp_path: Path
) -> None:
    place, plain = at(registry)
    first = project.moved("push", f"--to={place}", plain)
    assert [one["cause"] for one in first["images"].values()] == ["missing", "missing"]
    assert first["new_bytes"] == received(tmp_path) > BIG
    old, new = first["images"]["1.0"], first["images"]["1.1"]
    assert new["new_bytes"] == new["bytes"] - old["bytes"]
    again = project.moved("push", f"--to={place}", plain)
    assert [one["copied"] for one in again["images"].values()] == [False, False]
    assert again["new_bytes"] == 0
    assert "keep" in project.run("push", f"--to={place}", plain, "--dry-run")


def test_what_was_pulled_is_the_same_image_and_needs_no_build(
    project: Project, registry: Registry, elsewhere: Project
) -> None:
    place, plain = at(registry)
    project.run("push", f"--to={place}", plain)
    preview = elsewhere.run("pull", f"--from={place}", plain, "--dry-run")
    assert preview.count("(missing)") == 2
    assert elsewhere.ids() == {}
    elsewhere.run("pull", f"--from={place}", plain, "--version=1.1")
    rest = elsewhere.moved("pull", f"--from={place}", plain)
    assert {v: one["copied"] for v, one in rest["images"].items()} == {"1.0": True, "1.1": False}
    assert rest["new_bytes"] == 0, "the layer of 1.0 came with 1.1"
    assert elsewhere.ids() == project.ids()
    plan = elsewhere.run("plan", "--exit-code")
    assert "rebuild" not in plan


def test_a_folder_serves_as_well(project: Project, elsewhere: Project, tmp_path: Path) -> None:
    project.run("push", "--to=./images")
    blobs = [p for p in (tmp_path / "images" / "blobs" / "sha256").iterdir() if p.stat().st_size]
    assert len(blobs) == 2 + 2 + 2, "two layers, two configurations, two manifests"
    elsewhere.run("pull", "--from=./images")
    assert elsewhere.ids() == project.ids()


def test_a_damaged_folder_is_reported_and_leaves_the_store_as_it_was(
    project: Project, elsewhere: Project, tmp_path: Path
) -> None:
    project.run("push", "--to=./images")
    biggest = max(
        (tmp_path / "images" / "blobs" / "sha256").iterdir(), key=lambda p: p.stat().st_size
    )
    biggest.write_bytes(biggest.read_bytes()[:-1000] + b"x" * 1000)
    said = elsewhere.run("pull", "--from=./images", "--version=1.1", code=1)
    assert "error: " in said
    assert "Traceback" not in said
    assert elsewhere.ids() == {}
    tmp_path.joinpath("images", "index.json").write_text("{}")
    assert "cannot be read as an OCI image layout" in project.run("push", "--to=./images", code=1)


def test_a_release_is_not_replaced_there_nor_mistaken_here(
    project: Project, registry: Registry, elsewhere: Project
) -> None:
    place, plain = at(registry)
    project.run("release", "--version=1.1")
    other = project.ids()["1.0"]
    target = f"docker://{place}/{project.name}:1.1"
    argv = ["skopeo", "copy", "--dest-tls-verify=false", f"containers-storage:@{other}", target]
    command.run(argv, environment=project.environment)
    before = project.ids()
    for one, *words in ((project, "push", f"--to={place}"), (elsewhere, "pull", f"--from={place}")):
        said = one.run(*words, plain, "--version=1.1", code=3)
        assert f"{other[:12]}, released was {before['1.1'][:12]}" in said
    assert elsewhere.ids() == {}
    assert project.ids() == before


def test_a_place_that_cannot_be_used_is_reported(project: Project, registry: Registry) -> None:
    place, plain = at(registry)
    assert "are not at" in project.run("pull", f"--from={place}", plain, code=1)
    assert "--no-tls-verify" in project.run("push", f"--to={place}", code=1)
    assert "127.0.0.1:1" in project.run("push", "--to=127.0.0.1:1/x", plain, code=1)
    assert "neither a registry nor a folder" in project.run("push", "--to=team", code=2)
    assert "--to is needed" in project.run("push", code=2)
    podman = ["podman", "untag", f"localhost/{project.name}:1.0"]
    command.run(podman, environment=project.environment)
    said = project.run("push", f"--to={place}", plain, code=1)
    assert f"{project.name}:1.0 is not in the store" in said
    assert f"capas build --version {project.name}:1.0" in said
