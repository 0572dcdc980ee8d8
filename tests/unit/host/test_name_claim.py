"""Which folder a pipeline's name belongs to."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pipeline.errors import Refused
from pipeline.host.name_claim import TAKE_OVER, claim
from pipeline.spec.model import Pipeline


def project(folder: Path, name: str = "shop", text: str = "") -> Pipeline:
    (folder / "specs").mkdir(parents=True)
    spec = folder / "specs" / "shop.toml"
    spec.write_text(text or f'name = "{name}"\n')
    return Pipeline(name, spec, folder)


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {"XDG_STATE_HOME": str(tmp_path / "state"), "HOME": str(tmp_path)}


def test_a_copied_project_is_refused_and_told_what_to_do(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    first = project(tmp_path / "a")
    assert claim(first, environment) == ""
    assert claim(first, environment) == ""
    copy = project(tmp_path / "b")
    with pytest.raises(Refused) as caught:
        claim(copy, environment)
    assert str(first.path) in caught.value.details
    assert "another `name`" in caught.value.resolution
    assert f"{TAKE_OVER}=1" in caught.value.resolution
    assert claim(project(tmp_path / "c", "other"), environment) == ""


def test_what_is_taken_over_is_the_new_folder_s(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    first, copy = project(tmp_path / "a"), project(tmp_path / "b")
    claim(first, environment)
    assert str(first.path) in claim(copy, {**environment, TAKE_OVER: "1"})
    assert claim(copy, environment) == ""
    with pytest.raises(Refused):
        claim(first, environment)


def test_a_job_of_ci_has_a_checkout_of_its_own(tmp_path: Path, environment: dict[str, str]) -> None:
    claim(project(tmp_path / "a"), environment)
    assert "this folder's now" in claim(project(tmp_path / "b"), {**environment, "CI": "true"})


@pytest.mark.parametrize("what", ["moved", "renamed", "unreadable", "linked"])
def test_a_project_that_moved_or_got_another_name_is_no_stranger(
    tmp_path: Path, environment: dict[str, str], what: str
) -> None:
    first = project(tmp_path / "a")
    claim(first, environment)
    if what == "moved":
        shutil.move(tmp_path / "a", tmp_path / "b")
        second = Pipeline("shop", tmp_path / "b" / "specs" / "shop.toml", tmp_path / "b")
    elif what == "linked":
        (tmp_path / "b").symlink_to("a")
        second = Pipeline("shop", tmp_path / "b" / "specs" / "shop.toml", tmp_path / "b")
    else:
        first.path.write_text('name = "mine"\n' if what == "renamed" else "no TOML [")
        second = project(tmp_path / "b")
    assert claim(second, environment) == ""
    assert claim(second, environment) == ""


def test_a_name_with_a_variable_may_be_this_one(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    claim(project(tmp_path / "a", text='name = "${STAGE}"\n'), environment)
    with pytest.raises(Refused):
        claim(project(tmp_path / "b"), environment)


def test_another_service_has_pipelines_of_its_own(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    claim(project(tmp_path / "a"), environment)
    there = {**environment, "CONTAINER_HOST": "ssh://you@there/run/podman.sock"}
    assert claim(project(tmp_path / "b"), there) == ""


def test_a_note_that_is_damaged_is_written_anew(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    note = tmp_path / "state" / "capas" / "projects" / "shop.json"
    note.parent.mkdir(parents=True)
    note.write_text('{"spec": 3}')
    assert claim(project(tmp_path / "a"), environment) == ""
    with pytest.raises(Refused):
        claim(project(tmp_path / "b"), environment)
