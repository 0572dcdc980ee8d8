from __future__ import annotations

import os
from pathlib import Path

import pytest

from pipeline.host import observe as module
from pipeline.host.fact_cache import FactCache
from pipeline.host.facts import Program, Session
from pipeline.host.observe import is_private, program_version, user_name


def script(path: Path, text: str) -> Path:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def test_a_program_is_asked_once_per_change(tmp_path: Path) -> None:
    asked = tmp_path / "asked"
    program = script(tmp_path / "podman", f"echo . >> {asked}\necho podman version 4.3.1")
    memory = FactCache(tmp_path / "host.json")
    for _ in range(3):
        assert program_version(str(program), memory) == (4, 3, 1)
    assert asked.read_text() == ".\n"
    script(program, "echo podman version 5.0.0-dev")
    assert program_version(str(program), memory) == (5, 0, 0)


def test_a_program_that_cannot_be_asked_has_no_version(tmp_path: Path) -> None:
    program = tmp_path / "podman"
    program.write_text("")
    assert program_version(str(program), FactCache(tmp_path / "host.json")) == ()


def test_only_an_own_closed_folder_is_private(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir(mode=0o700)
    link = tmp_path / "link"
    link.symlink_to(folder)
    uid = os.getuid()
    assert is_private(str(folder), uid)
    assert not is_private(str(folder), uid + 1)
    assert not is_private(str(link), uid)
    assert not is_private(str(tmp_path / "missing"), uid)
    folder.chmod(0o500)
    assert not is_private(str(folder), uid)


def test_a_runtime_folder_of_somebody_else_is_not_taken(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir(mode=0o700)
    uid = os.getuid()
    assert module._session({"XDG_RUNTIME_DIR": str(own)}, uid).runtime_dir == str(own)
    other = module._session({"XDG_RUNTIME_DIR": "/proc/1"}, uid)
    assert other.runtime_dir_given == "/proc/1"
    assert other.runtime_dir != "/proc/1"


def test_the_bus_is_where_the_variable_or_the_folder_says(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    environ = {"XDG_RUNTIME_DIR": str(tmp_path)}
    assert not module._session(environ, os.getuid()).bus
    (tmp_path / "bus").touch()
    assert module._session(environ, os.getuid()).bus
    named = {**environ, "DBUS_SESSION_BUS_ADDRESS": "unix:path=/nowhere/bus,guid=1"}
    assert not module._session(named, os.getuid()).bus


def test_a_helper_without_roots_power(tmp_path: Path) -> None:
    program = script(tmp_path / "newuidmap", "")
    assert not module._is_privileged(Program(str(program)))
    assert not module._is_privileged(None)


def test_the_pause_process(tmp_path: Path) -> None:
    session = Session(os.getuid(), str(tmp_path), None, bus=False, systemd=False)
    assert module._pause_process(session, 0, {}) == "none"
    pid_file = tmp_path / "libpod" / "tmp" / "pause.pid"
    pid_file.parent.mkdir(parents=True)
    pid_file.write_text(str(os.getpid()))  # lives, but is no pause process
    assert module._pause_process(session, 0, {}) == "recycled"
    pid_file.write_text("99999999")
    assert module._pause_process(session, 0, {}) == "stale"


def test_the_pause_process_and_its_ids(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {
        f"{tmp_path}/libpod/tmp/pause.pid": "7",
        "/proc/7/comm": "catatonit\n",
        "/proc/7/uid_map": "         0       1004          1\n         1     296608      65536\n",
    }
    monkeypatch.setattr(module, "read", lambda path: files.get(str(path), ""))
    session = Session(1, str(tmp_path), None, bus=False, systemd=False)
    assert module._pause_process(session, 65536, {}) == "alive"
    assert module._pause_process(session, 0, {}) == "outdated"


def test_an_unknown_user_has_a_number_for_a_name() -> None:
    assert user_name(0) == "root"
    assert user_name(4_000_000_000) == "4000000000"
