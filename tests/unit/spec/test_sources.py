from __future__ import annotations

import os
import socket
import subprocess
from pathlib import Path

import pytest

from pipeline.spec.context import ContextEntry
from pipeline.spec.ignorefile import IgnoreRules, parse_ignore
from pipeline.spec.sources import CopySource, read_source

NOTHING = IgnoreRules()


@pytest.fixture
def context(tmp_path: Path) -> Path:
    root = tmp_path / "context"
    for path, text in {"main.py": "hi", "app/a.py": "", "app/b/c": "1", ".env": "x"}.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
        (root / path).chmod(0o644)
    for folder in ("app", "app/b"):
        (root / folder).chmod(0o755)
    return root


def ignore(*lines: str) -> IgnoreRules:
    return parse_ignore("\n".join(lines), Path(".containerignore"))


def names(source: CopySource) -> list[str]:
    assert source.problem is None
    return [entry.name for entry in source.entries]


def test_a_file(context: Path) -> None:
    (context / "main.py").chmod(0o4755)
    found = read_source("main.py", context, NOTHING)
    assert found.entries == (ContextEntry("main.py", "main.py", "file", 0o755, 2),)
    assert (found.kind, found.found, found.first) == ("path", ("main.py",), "file")


def test_a_folder_is_what_is_in_it_sorted(context: Path) -> None:
    found = read_source("app/", context, NOTHING)
    assert names(found) == ["a.py", "b", "b/c"]
    assert [entry.path for entry in found.entries] == ["app/a.py", "app/b", "app/b/c"]
    assert names(read_source(".", context, NOTHING)) == [
        ".env", "app", "app/a.py", "app/b", "app/b/c", "main.py",
    ]  # fmt: skip


def test_patterns(context: Path) -> None:
    assert names(read_source("*", context, NOTHING)) == [".env", "a.py", "b", "b/c", "main.py"]
    assert names(read_source("app/*.py", context, NOTHING)) == ["a.py"]
    assert names(read_source("*/b", context, NOTHING)) == ["c"]
    assert read_source("*.txt", context, NOTHING).problem == "missing"
    assert read_source("[", context, NOTHING).problem == "pattern"
    assert read_source("x/*/[", context, NOTHING).problem == "pattern"
    assert read_source("*/" * 3000, context, NOTHING).problem == "missing"


def test_paths_are_cleaned_and_stay_inside(context: Path) -> None:
    assert names(read_source("/main.py", context, NOTHING)) == ["main.py"]
    assert names(read_source("app/../main.py", context, NOTHING)) == ["main.py"]
    assert names(read_source("../context/main.py", context, NOTHING)) == ["main.py"]
    assert read_source("../secret", context, NOTHING).problem == "outside"
    other = read_source("../../main.py", context, NOTHING)
    assert (other.found, other.instead) == (("main.py",), True)
    assert read_source("nobody", context, NOTHING).problem == "missing"
    assert read_source("main.py/x", context, NOTHING).problem == "missing"


def test_links(context: Path) -> None:
    (context / "to-folder").symlink_to("/app")  # absolute: from the context's root
    (context / "to-file").symlink_to("../../main.py")
    (context / "app" / "inside").symlink_to("/nowhere")
    assert names(read_source("to-folder/b", context, NOTHING)) == ["c"]
    (entry,) = read_source("to-file", context, NOTHING).entries
    assert (entry.path, entry.name, entry.kind) == ("main.py", "to-file", "file")
    entries = read_source("to-folder", context, NOTHING).entries
    assert ContextEntry("app/inside", "inside", "link", 0o777, 0, "/nowhere") in entries
    (context / "loop").symlink_to("loop")
    assert read_source("loop", context, NOTHING).problem == "unreadable"
    assert read_source("app/inside", context, NOTHING).problem == "unreadable"


def test_sockets_are_passed_over_and_fifos_are_not(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(tmp_path / "socket"))
    assert [(e.name, e.kind) for e in read_source(".", tmp_path, NOTHING).entries] == [
        ("fifo", "other")
    ]


def test_what_is_ignored(context: Path) -> None:
    assert names(read_source(".", context, ignore("app", ".env"))) == ["main.py"]
    assert names(read_source(".", context, ignore("*", "!app/b"))) == ["app/b", "app/b/c"]
    assert names(read_source("app", context, ignore("app", "!app/b/c"))) == ["b/c"]
    assert read_source("main.py", context, ignore("*.py")).problem == "ignored"
    assert read_source("app", context, ignore("app")).problem == "ignored"
    assert names(read_source("app", context, ignore("app/*"))) == []
    (context / "link").symlink_to("main.py")
    assert read_source("link", context, ignore("main.py")).problem == "ignored"


def test_an_address_is_no_path(context: Path) -> None:
    assert read_source("https://example.org/x", context, NOTHING).kind == "url"


def test_a_name_that_is_a_pattern_is_read_as_one(context: Path) -> None:
    (context / "[m]ain.py").write_text("")
    assert names(read_source("[[]*", context, NOTHING)) == ["main.py"]
    (context / "[x]").write_text("")
    assert read_source("[[]x*", context, NOTHING).problem == "name"


def test_a_deep_folder_is_no_trap(tmp_path: Path) -> None:
    deep = tmp_path
    for _ in range(1500):
        deep /= "d"
        deep.mkdir()
    assert len(read_source(".", tmp_path, NOTHING).entries) == 1500
    # pytest's own cleaning up walks recursively, which is what this folder is a trap for.
    subprocess.run(["rm", "-r", str(tmp_path / "d")], check=True)
