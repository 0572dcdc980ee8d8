"""A folder and its mirror, both sides of an exchange at work: what is carried and what is not."""

from __future__ import annotations

import io
import json
import os
import threading
from pathlib import Path

import pytest

from pipeline.bootstrap.mirror import NONSENSE
from pipeline.bootstrap.sides import Mirror, account_side, source_side
from pipeline.bootstrap.source import opened
from pipeline.bootstrap.tree import read_tree


@pytest.fixture
def mirror(tmp_path: Path) -> Mirror:
    source = tmp_path / "source"
    (source / "specs").mkdir(parents=True)
    (source / "specs" / "a.toml").write_text("name = 'a'\n")
    (source / "capas").write_text("#!/bin/sh\n")
    (source / ".git").mkdir()
    (source / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    return Mirror(opened(str(source)), str(tmp_path / "place"), is_program=True)


@pytest.fixture
def project(mirror: Mirror) -> Mirror:
    return mirror._replace(is_program=False)


def exchange(mirror: Mirror, *, push: bool) -> None:
    """Both sides, each with its end of two pipes, as between two processes."""
    from_account, to_root = os.pipe()
    from_root, to_account = os.pipe()
    failures: list[BaseException] = []

    def account() -> None:
        try:
            with os.fdopen(from_root, "rb") as source, os.fdopen(to_root, "wb") as out:
                account_side(mirror, source, out, push=push)
        except BaseException as error:
            failures.append(error)
            raise

    thread = threading.Thread(target=account)
    thread.start()
    with os.fdopen(from_account, "rb") as source, os.fdopen(to_account, "wb") as out:
        source_side(mirror, source, out, push=push)
    thread.join(timeout=30)
    assert failures == []


def test_the_mirror_becomes_the_source_and_stays_it(mirror: Mirror) -> None:
    source = Path(mirror.source.path)
    exchange(mirror, push=True)
    assert read_tree(mirror.place) == read_tree(mirror.source.path)
    (source / "specs" / "a.toml").write_text("name = 'b'\n")
    (source / "capas").unlink()
    (source / "new").mkdir()
    (source / "new" / "file").write_text("x")
    exchange(mirror, push=True)
    assert read_tree(mirror.place) == read_tree(mirror.source.path)


def test_what_a_task_made_and_changed_comes_home(
    mirror: Mirror, capsys: pytest.CaptureFixture[str]
) -> None:
    (Path(mirror.source.path) / "specs" / "a.lock").write_text("old")
    exchange(mirror, push=True)
    source, place = Path(mirror.source.path), Path(mirror.place)
    (place / "reports" / "tests").mkdir(parents=True)
    (place / "reports" / "tests" / "unit.xml").write_text("<x/>")
    (place / "specs" / "a.lock").write_text("lock")
    (place / "specs" / "a.toml").write_text("name = 'changed by the task'\n")
    exchange(mirror, push=False)
    assert (source / "reports" / "tests" / "unit.xml").read_text() == "<x/>"
    assert (source / "specs" / "a.lock").read_text() == "lock"
    assert (source / "specs" / "a.toml").read_text() == "name = 'a'\n", "root's own, as it was"
    assert "kept as you had it: specs/a.toml" in capsys.readouterr().err
    exchange(mirror, push=True)
    assert read_tree(mirror.place) == read_tree(mirror.source.path)


def test_what_a_task_made_in_an_empty_folder_comes_home(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    mirror = Mirror(opened(str(source)), str(tmp_path / "place"), is_program=False)
    exchange(mirror, push=True)
    Path(mirror.place, "specs").mkdir()
    Path(mirror.place, "specs", "a.toml").write_text("name = 'a'\n")
    exchange(mirror, push=False)
    assert (source / "specs" / "a.toml").read_text() == "name = 'a'\n"


def test_what_a_killed_task_made_comes_home_with_the_next(mirror: Mirror) -> None:
    exchange(mirror, push=True)
    (Path(mirror.place) / "specs" / "a.lock").write_text("lock")
    exchange(mirror, push=True)  # nobody brought it home before
    assert (Path(mirror.source.path) / "specs" / "a.lock").read_text() == "lock"


def test_no_task_changes_what_root_runs(mirror: Mirror) -> None:
    exchange(mirror, push=True)
    place = Path(mirror.place)
    (place / "capas").write_text("#!/bin/sh\nevil\n")
    (place / "pipeline").mkdir()
    (place / "pipeline" / "evil.py").write_text("")
    (place / ".git" / "hooks").mkdir()
    exchange(mirror, push=False)
    source = Path(mirror.source.path)
    assert (source / "capas").read_text() == "#!/bin/sh\n"
    assert not (source / "pipeline").exists()
    assert not (source / ".git" / "hooks").exists()
    exchange(mirror, push=True)
    assert (place / "capas").read_text() == "#!/bin/sh\n"


def test_a_link_that_a_task_made_stays_where_it_is(mirror: Mirror) -> None:
    exchange(mirror, push=True)
    (Path(mirror.place) / "reports").symlink_to("/etc")
    exchange(mirror, push=False)
    assert not (Path(mirror.source.path) / "reports").exists()


def test_what_root_changed_meanwhile_is_kept(
    mirror: Mirror, capsys: pytest.CaptureFixture[str]
) -> None:
    lock = Path(mirror.source.path) / "specs" / "a.lock"
    lock.write_text("old")
    exchange(mirror, push=True)
    (Path(mirror.place) / "specs" / "a.lock").write_text("the task's")
    lock.write_text("root's own change")
    exchange(mirror, push=False)
    assert lock.read_text() == "root's own change"
    assert "kept as you changed it meanwhile: specs/a.lock" in capsys.readouterr().err


def test_git_is_compared_only_when_its_state_is_another(mirror: Mirror) -> None:
    exchange(mirror, push=True)
    unnoticed = Path(mirror.source.path) / ".git" / "description"
    unnoticed.write_text("x")
    exchange(mirror, push=True)
    assert not (Path(mirror.place) / ".git" / "description").exists()
    (Path(mirror.source.path) / ".git" / "HEAD").write_text("ref: refs/heads/other\n")
    exchange(mirror, push=True)
    assert read_tree(mirror.place) == read_tree(mirror.source.path)


def test_the_environment_in_the_mirror_survives_what_is_deleted(mirror: Mirror) -> None:
    exchange(mirror, push=True)
    python = Path(mirror.place) / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.touch()
    (Path(mirror.source.path) / "specs" / "a.toml").unlink()
    (Path(mirror.source.path) / "specs").rmdir()
    exchange(mirror, push=True)
    assert python.exists()
    assert not (Path(mirror.place) / "specs").exists()


def test_what_does_not_return_is_told_once_and_ends_with_the_next_task(
    mirror: Mirror, capsys: pytest.CaptureFixture[str]
) -> None:
    source, place = Path(mirror.source.path), Path(mirror.place)
    (source / "tests").mkdir()
    (source / "tests" / "enter-host").write_text("#!/bin/sh\n")
    exchange(mirror, push=True)
    (place / "tests" / "enter-host").write_text("#!/bin/sh\nid\n")
    (place / "tests" / "conftest.py").write_text("evil")
    (place / "tasks.py").write_text("evil")
    exchange(mirror, push=False)
    told = capsys.readouterr().err
    assert "stays in the account's copy: tasks.py, tests/conftest.py, tests/enter-host\n" in told
    exchange(mirror, push=True)
    assert capsys.readouterr().err == ""
    assert (source / "tests" / "enter-host").read_text() == "#!/bin/sh\n"
    assert {path.name for path in source.iterdir()} == {".git", "capas", "specs", "tests"}
    assert (place / "tests" / "enter-host").read_text() == "#!/bin/sh\n"
    assert not (place / "tests" / "conftest.py").exists()


def test_what_returns_can_be_executed_by_nobody(mirror: Mirror) -> None:
    exchange(mirror, push=True)
    made = Path(mirror.place) / "containers" / "app" / "start"
    made.parent.mkdir(parents=True)
    made.write_text("#!/bin/sh\n")
    made.chmod(0o777)
    exchange(mirror, push=False)
    came = Path(mirror.source.path) / "containers" / "app" / "start"
    assert came.stat().st_mode & 0o7777 == 0o644


def test_data_of_a_project_that_stays_is_never_lost(project: Mirror) -> None:
    source, place = Path(project.source.path), Path(project.place)
    (source / "data").mkdir()
    (source / "data" / "known.db").write_text("first")
    exchange(project, push=True)
    (place / "data" / "known.db").write_text("written by a container")
    (place / "fresh").mkdir()
    (place / "fresh" / "new.db").write_text("made by a container")
    for push in (False, True, True, False, True):
        exchange(project, push=push)
        assert (place / "data" / "known.db").read_text() == "written by a container"
        assert (place / "fresh" / "new.db").read_text() == "made by a container"
    (source / "specs" / "a.toml").write_text("name = 'b'\n")
    (source / "data" / "known.db").write_text("root's own change")
    exchange(project, push=True)
    assert (place / "specs" / "a.toml").read_text() == "name = 'b'\n"
    assert (place / "data" / "known.db").read_text() == "root's own change"
    assert (place / "fresh" / "new.db").read_text() == "made by a container"
    assert not (source / "fresh").exists()


def test_others_look_into_no_project(project: Mirror) -> None:
    exchange(project, push=True)
    assert Path(project.place).parent.stat().st_mode & 0o077 == 0


def test_a_swap_of_the_folder_gains_nothing(mirror: Mirror, tmp_path: Path) -> None:
    exchange(mirror, push=True)
    source, roots = Path(mirror.source.path), tmp_path / "roots own"
    roots.mkdir()
    source.rename(tmp_path / "moved")
    source.symlink_to(roots)
    (Path(mirror.place) / "reports").mkdir()
    (Path(mirror.place) / "reports" / "evil.html").write_text("evil")
    exchange(mirror, push=False)
    assert list(roots.iterdir()) == []
    assert (tmp_path / "moved" / "reports" / "evil.html").read_text() == "evil"


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"nul",
        b"{}\n",
        b"[1]\n",
        b'{"path": "reports/a.html"}\n',
        b'{"path": "reports/a.html", "entry": ["f", 420, -1, 0, ""], "before": null}\n',
        b'{"path": "reports/a.html", "entry": ["f", "x", 1, 0, ""], "before": null}\nx',
        b'{"path": "reports/a.html", "entry": ["f", 420, 9, 0, ""], "before": null}\nab',
        b'{"stays": 7}\n',
        b"\xff\xfe\n",
        b"[" * 100_000 + b"\n",
    ],
)
def test_nonsense_from_the_other_side_is_one_of_the_known_ends(mirror: Mirror, said: bytes) -> None:
    with pytest.raises(NONSENSE):
        source_side(mirror, io.BytesIO(said), io.BytesIO(), push=False)
    files = {path.name for path in Path(mirror.source.path).rglob("*") if path.is_file()}
    assert files == {"HEAD", "a.toml", "capas"}


def test_paths_out_of_the_folder_and_odd_times_are_not_brought(
    mirror: Mirror, capsys: pytest.CaptureFixture[str]
) -> None:
    records = [
        {"path": path, "entry": ["f", 0o644, 1, mtime, ""], "before": None}
        for path, mtime in (
            *(("reports/../../x.html", 0), ("/reports/x.html", 0), ("reports//x.html", 0)),
            *(("reports/a\x1b[2J.html", 0), ("reports/late.html", 1 << 200)),
        )
    ]
    said = b"".join(json.dumps(one).encode() + b"\nx" for one in records) + b"null\n"
    source_side(mirror, io.BytesIO(said), io.BytesIO(), push=False)
    assert not list(Path(mirror.source.path).rglob("*.html"))
    assert "\x1b" not in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["a file", "a link"])
def test_data_in_the_way_of_what_root_made_stays_and_is_told(
    project: Mirror, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    source, place = Path(project.source.path), Path(project.place)
    exchange(project, push=True)
    (place / "fresh").mkdir()
    (place / "fresh" / "new.db").write_text("made by a container")
    exchange(project, push=False)
    if kind == "a file":
        (source / "fresh").write_text("root's")
    else:
        (source / "fresh").symlink_to("specs")
    (source / "more").write_text("root's")
    exchange(project, push=True)
    assert (place / "fresh" / "new.db").read_text() == "made by a container"
    assert (place / "more").read_text() == "root's"
    assert "not renewed in the account's copy: fresh" in capsys.readouterr().err


def test_an_entry_that_changes_its_kind_while_it_is_looked_at_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "swapped").symlink_to("x")
    (tmp_path / "z").touch()
    real = os.readlink

    def swap(path: str, *, dir_fd: int | None = None) -> str:
        (tmp_path / path).unlink()
        (tmp_path / path).mkdir()
        return real(path, dir_fd=dir_fd)

    monkeypatch.setattr(os, "readlink", swap)
    assert list(read_tree(str(tmp_path))) == ["z"]
