"""Where root's tasks work, and how paths are said to the account."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pipeline.bootstrap.mirror import place_of
from pipeline.bootstrap.privileges import environment_of, leave_environment
from pipeline.bootstrap.returning import below
from pipeline.bootstrap.root import Work, translated, work_for
from pipeline.bootstrap.sides import Mirror
from pipeline.bootstrap.source import SourceFolder, opened

PROGRAM = Mirror(SourceFolder("/srv/capas", -1, 0, 0), "/home/capas/copy", is_program=True)


def work(cwd: str, *arguments: str, usable: bool = False) -> Work:
    current = opened(cwd) if Path(cwd).is_dir() else SourceFolder(cwd, -1, 0, 0)
    return work_for(current, PROGRAM, arguments, usable=usable, home="/home/capas")


@pytest.mark.parametrize(
    ("cwd", "usable", "expected"),
    [
        ("/srv/capas", False, "/home/capas/copy"),
        ("/srv/capas/specs", False, "/home/capas/copy/specs"),
        ("/srv/app", True, None),
    ],
)
def test_where_a_task_works(cwd: str, usable: bool, expected: str | None) -> None:
    assert work(cwd, usable=usable) == Work(expected, (PROGRAM,))


def test_a_project_of_roots_is_mirrored_too(tmp_path: Path) -> None:
    (tmp_path / "specs").mkdir()
    found = work(str(tmp_path))
    assert [mirror.source.path for mirror in found.mirrors] == ["/srv/capas", str(tmp_path)]
    assert found.cwd == place_of(str(tmp_path), "/home/capas")


def test_below_the_folder_of_a_project_the_task_works_there_too(tmp_path: Path) -> None:
    (tmp_path / "specs").mkdir()
    inside = tmp_path / "containers" / "web"
    inside.mkdir(parents=True)
    found = work(str(inside))
    assert found.mirrors[1].source.path == str(tmp_path)
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


def test_a_project_ends_where_folders_are_open_to_all(tmp_path: Path) -> None:
    (tmp_path / "specs").mkdir()
    inside = tmp_path / "mine"
    inside.mkdir()
    (inside / "letters").touch()
    tmp_path.chmod(0o1777)
    assert work(str(inside)) == Work("/home/capas/copy", (PROGRAM,)), "anybody made those specs"


def test_results_that_are_asked_for_by_name_return(tmp_path: Path) -> None:
    (tmp_path / "specs").mkdir()
    (tmp_path / "deep").mkdir()
    found = work(str(tmp_path / "deep"), "export", "--output=units", "--to", "../oci")
    assert found.mirrors[1].asked == ("deep/units", "oci")
    assert work("/srv/capas", "export", "--output", "k8s").mirrors[0].asked == ("k8s",)
    assert work("/srv/capas", "export", "--output=/etc", "--to=../x").mirrors[0].asked == ()


def test_roots_own_tools_are_led_by_nothing_of_the_callers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "environ", {"PATH": ".:/usr/bin::bin", "GIT_DIR": "x", "CI": "1"})
    for name in ("PYTHONPATH", "XDG_CONFIG_HOME", "APT_CONFIG", "LD_LIBRARY_PATH", "BASH_ENV"):
        os.environ[name] = "/tmp/x"
    leave_environment()
    assert os.environ == {"PATH": "/usr/bin", "CI": "1"}


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
