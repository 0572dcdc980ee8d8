"""A folder and its mirror, both sides of an exchange at work: what is carried and what is not."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from pipeline.bootstrap.mirror import Mirror, account_side, of_the_program, root_side
from pipeline.bootstrap.tree import read_tree


@pytest.fixture
def mirror(tmp_path: Path) -> Mirror:
    source = tmp_path / "source"
    (source / "specs").mkdir(parents=True)
    (source / "specs" / "a.toml").write_text("name = 'a'\n")
    (source / "capas").write_text("#!/bin/sh\n")
    (source / ".git").mkdir()
    (source / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    return Mirror(str(source), str(tmp_path / "place"), of_the_program)


def exchange(mirror: Mirror, *, push: bool) -> None:
    """Both sides, each with its end of two pipes, as between two processes."""
    from_account, to_root = os.pipe()
    from_root, to_account = os.pipe()
    failures: list[BaseException] = []

    def account() -> None:
        try:
            with os.fdopen(from_root, "rb") as source, os.fdopen(to_root, "wb") as out:
                account_side(mirror.place, source, out, push=push)
        except BaseException as error:
            failures.append(error)
            raise

    thread = threading.Thread(target=account)
    thread.start()
    with os.fdopen(from_account, "rb") as source, os.fdopen(to_account, "wb") as out:
        root_side(mirror, source, out, push=push)
    thread.join(timeout=30)
    assert failures == []


def test_the_mirror_becomes_the_source_and_stays_it(mirror: Mirror) -> None:
    source = Path(mirror.source)
    exchange(mirror, push=True)
    assert read_tree(mirror.place) == read_tree(mirror.source)
    (source / "specs" / "a.toml").write_text("name = 'b'\n")
    (source / "capas").unlink()
    (source / "new").mkdir()
    (source / "new" / "file").write_text("x")
    exchange(mirror, push=True)
    assert read_tree(mirror.place) == read_tree(mirror.source)


def test_what_a_task_made_and_changed_comes_home(mirror: Mirror) -> None:
    exchange(mirror, push=True)
    source, place = Path(mirror.source), Path(mirror.place)
    (place / "reports" / "tests").mkdir(parents=True)
    (place / "reports" / "tests" / "unit.xml").write_text("<x/>")
    (place / "specs" / "a.lock").write_text("lock")
    (place / "specs" / "a.toml").write_text("name = 'changed by the task'\n")
    exchange(mirror, push=False)
    assert (source / "reports" / "tests" / "unit.xml").read_text() == "<x/>"
    assert (source / "specs" / "a.lock").read_text() == "lock"
    assert (source / "specs" / "a.toml").read_text() == "name = 'changed by the task'\n"
    exchange(mirror, push=True)
    assert read_tree(mirror.place) == read_tree(mirror.source)


def test_what_a_task_made_in_an_empty_folder_comes_home(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    mirror = Mirror(str(source), str(tmp_path / "place"), of_the_program)
    exchange(mirror, push=True)
    Path(mirror.place, "specs").mkdir()
    Path(mirror.place, "specs", "a.toml").write_text("name = 'a'\n")
    exchange(mirror, push=False)
    assert (source / "specs" / "a.toml").read_text() == "name = 'a'\n"


def test_what_a_killed_task_made_comes_home_with_the_next(mirror: Mirror) -> None:
    exchange(mirror, push=True)
    (Path(mirror.place) / "specs" / "a.lock").write_text("lock")
    exchange(mirror, push=True)  # nobody brought it home before
    assert (Path(mirror.source) / "specs" / "a.lock").read_text() == "lock"


def test_no_task_changes_what_root_runs(mirror: Mirror) -> None:
    exchange(mirror, push=True)
    place = Path(mirror.place)
    (place / "capas").write_text("#!/bin/sh\nevil\n")
    (place / "pipeline").mkdir()
    (place / "pipeline" / "evil.py").write_text("")
    (place / ".git" / "hooks").mkdir()
    exchange(mirror, push=False)
    source = Path(mirror.source)
    assert (source / "capas").read_text() == "#!/bin/sh\n"
    assert not (source / "pipeline").exists()
    assert not (source / ".git" / "hooks").exists()
    exchange(mirror, push=True)
    assert (place / "capas").read_text() == "#!/bin/sh\n"


def test_a_link_that_a_task_made_stays_where_it_is(mirror: Mirror) -> None:
    exchange(mirror, push=True)
    (Path(mirror.place) / "reports").symlink_to("/etc")
    exchange(mirror, push=False)
    assert not (Path(mirror.source) / "reports").exists()


def test_what_root_changed_meanwhile_is_kept(
    mirror: Mirror, capsys: pytest.CaptureFixture[str]
) -> None:
    exchange(mirror, push=True)
    (Path(mirror.place) / "specs" / "a.toml").write_text("the task's")
    (Path(mirror.source) / "specs" / "a.toml").write_text("root's own change")
    exchange(mirror, push=False)
    assert (Path(mirror.source) / "specs" / "a.toml").read_text() == "root's own change"
    assert "kept as you changed it meanwhile: specs/a.toml" in capsys.readouterr().err


def test_git_is_compared_only_when_its_state_is_another(mirror: Mirror) -> None:
    exchange(mirror, push=True)
    unnoticed = Path(mirror.source) / ".git" / "description"
    unnoticed.write_text("x")
    exchange(mirror, push=True)
    assert not (Path(mirror.place) / ".git" / "description").exists()
    (Path(mirror.source) / ".git" / "HEAD").write_text("ref: refs/heads/other\n")
    exchange(mirror, push=True)
    assert read_tree(mirror.place) == read_tree(mirror.source)


def test_the_environment_in_the_mirror_survives_what_is_deleted(mirror: Mirror) -> None:
    exchange(mirror, push=True)
    python = Path(mirror.place) / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.touch()
    (Path(mirror.source) / "specs" / "a.toml").unlink()
    (Path(mirror.source) / "specs").rmdir()
    exchange(mirror, push=True)
    assert python.exists()
    assert not (Path(mirror.place) / "specs").exists()
