"""Where root's tasks work, and how paths are said to the account."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.bootstrap.become import environment_of
from pipeline.bootstrap.mirror import Mirror, of_the_program, place_of
from pipeline.bootstrap.root import Work, below, translated, work_for

PROGRAM = Mirror("/srv/capas", "/home/capas/copy", of_the_program)


def work(cwd: str, *, usable: bool = False) -> Work:
    return work_for(cwd, PROGRAM, usable=usable, home="/home/capas")


@pytest.mark.parametrize(
    ("cwd", "usable", "expected"),
    [
        ("/srv/capas", False, "/home/capas/copy"),
        ("/srv/capas/specs", False, "/home/capas/copy/specs"),
        ("/srv/app", True, "/srv/app"),
    ],
)
def test_where_a_task_works(cwd: str, usable: bool, expected: str) -> None:
    assert work(cwd, usable=usable) == Work(expected, (PROGRAM,))


def test_a_project_of_roots_is_mirrored_too(tmp_path: Path) -> None:
    (tmp_path / "specs").mkdir()
    found = work(str(tmp_path))
    assert [mirror.source for mirror in found.mirrors] == ["/srv/capas", str(tmp_path)]
    assert found.cwd == place_of(str(tmp_path), "/home/capas")


def test_below_the_folder_of_a_project_the_task_works_there_too(tmp_path: Path) -> None:
    (tmp_path / "specs").mkdir()
    inside = tmp_path / "containers" / "web"
    inside.mkdir(parents=True)
    found = work(str(inside))
    assert found.mirrors[1].source == str(tmp_path)
    assert found.cwd == f"{place_of(str(tmp_path), '/home/capas')}/containers/web"


def test_an_empty_folder_is_mirrored_for_the_project_that_begins_in_it(tmp_path: Path) -> None:
    found = work(str(tmp_path))
    assert found == Work(found.mirrors[1].place, found.mirrors)
    (tmp_path / "letters").touch()
    assert work(str(tmp_path)) == Work("/home/capas/copy", (PROGRAM,)), "none of its business"


def test_mirrors_of_two_folders_of_one_name_lie_apart() -> None:
    assert place_of("/a/capas", "/h") != place_of("/b/capas", "/h")
    assert place_of("/a/my app", "/h").startswith("/h/.local/share/capas/checkouts/")
    assert place_of("/a/my app", "/h").endswith("/my app")


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("--spec=/srv/capas/specs/a.toml", "--spec=/home/capas/copy/specs/a.toml"),
        ("/srv/capas", "/home/capas/copy"),
        ("specs/a.toml", "specs/a.toml"),
        ("/srv/capas-old/a.toml", "/srv/capas-old/a.toml"),
        ("--", "--"),
    ],
)
def test_paths_in_arguments(said: str, meant: str) -> None:
    assert translated(said, [PROGRAM]) == meant


def test_below() -> None:
    assert below("/a/b", "/a") == "/b"
    assert below("/a", "/a") == ""
    assert below("/ab", "/a") is None


@pytest.mark.parametrize("path", ["pipeline/bootstrap/main.py", "capas", ".git/hooks/x", ".ci/run"])
def test_no_task_changes_what_root_runs(path: str) -> None:
    assert of_the_program(path)


@pytest.mark.parametrize("path", ["reports/demo.html", "specs/a.lock", "capas-notes", "tests/x"])
def test_what_a_task_makes_comes_home(path: str) -> None:
    assert not of_the_program(path)


def test_the_accounts_environment_is_fresh_but_for_what_concerns_the_task() -> None:
    import pwd

    account = pwd.struct_passwd(("capas", "x", 1000, 1000, "", "/home/capas", "/bin/sh"))
    given = {
        "SECRET": "s",
        "HOME": "/root",
        "PATH": "/somewhere/bin",
        "LD_PRELOAD": "x.so",
        "PIP_INDEX_URL": "u",
        "https_proxy": "p",
        "CI": "true",
        "TERM": "xterm",
        "LC_ALL": "C",
    }
    assert environment_of(account, given) == {
        "PIP_INDEX_URL": "u",
        "https_proxy": "p",
        "CI": "true",
        "TERM": "xterm",
        "LC_ALL": "C",
        "HOME": "/home/capas",
        "USER": "capas",
        "LOGNAME": "capas",
        "SHELL": "/bin/sh",
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "XDG_RUNTIME_DIR": "/run/user/1000",
    }
