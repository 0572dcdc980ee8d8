"""Only what is certainly nobody's is named for removal."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pipeline.engine import temporary_files
from pipeline.engine.temporary_files import left_temporaries, size_of

LATER = 2 * 3600.0
"""Seconds from now, so that what was made just now is old."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(temporary_files, "_USUAL", str(tmp_path))
    return tmp_path


def left(folder: Path, *, later: float = LATER) -> list[str]:
    found = left_temporaries({"TMPDIR": str(folder)}, now=time.time() + later)
    return [path.name for path in found]


@contextmanager
def process(code: str, *, name: str = "", cwd: Path | None = None) -> Iterator[None]:
    """A process of this account that runs for the time of the block."""
    argv = [name or sys.executable, "-c", f"{code or 'pass'}; print(flush=True); input()"]
    with subprocess.Popen(
        argv, executable=sys.executable, cwd=cwd, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as running:
        assert running.stdout is not None
        running.stdout.readline()
        yield
        running.communicate(b"\n")


def test_what_an_engine_left_is_named_and_nothing_else(folder: Path) -> None:
    for name in ("buildah123456", "buildah-12345", "buildah", "buildah-mine", "my-storage12345"):
        (folder / name).mkdir()
    for name in ("storage0123456789", "container_images_storage4711", "libpod_builder99999", "x"):
        (folder / name).write_bytes(b"12345")
    (folder / "storage5555").symlink_to("x")
    assert left(folder) == [
        "buildah-12345", "buildah123456", "container_images_storage4711", "libpod_builder99999",
        "storage0123456789",
    ]  # fmt: skip
    assert left(folder, later=60) == []
    assert size_of(folder / "storage0123456789") == 5
    assert size_of(folder) == 4 * 5 + len("x")  # the link, too


def test_what_a_process_has_open_or_stands_in_stays(folder: Path) -> None:
    (folder / "buildah11111" / "deep").mkdir(parents=True)
    (folder / "storage22222").write_bytes(b"x")
    with process(f"f = open({str(folder / 'storage22222')!r})"):
        assert left(folder) == ["buildah11111"]
    with process("", cwd=folder / "buildah11111" / "deep"):
        assert left(folder) == ["storage22222"]
    assert left(folder) == ["buildah11111", "storage22222"]


@pytest.mark.parametrize("engine", ["buildah", "/usr/bin/podman", "skopeo"])
def test_what_an_engine_at_work_may_have_made_stays(
    folder: Path, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "buildah11111").mkdir()
    with process("", name=engine):
        assert left(folder) == []
    monkeypatch.setattr(temporary_files, "_MARGIN", 0.0)
    time.sleep(0.05)  # the kernel counts a process's begin in hundredths of a second
    with process("", name=engine):
        assert left(folder) == ["buildah11111"]  # it was begun later
        time.sleep(0.05)
        (folder / "storage22222").write_bytes(b"x")
        assert left(folder) == ["buildah11111"]


def test_what_is_another_accounts_stays(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "buildah11111").mkdir()
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    assert left(folder) == []
