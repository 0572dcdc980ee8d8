"""Ending builds: whatever cannot be looked at, what runs is ended."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from pipeline.build.run import builder as module
from pipeline.build.run.builder import Builder
from pipeline.engine import leftovers
from pipeline.errors import EngineError
from pipeline.output.progress import Quiet


@pytest.mark.parametrize("error", [EngineError("no store"), PermissionError(13, "no")])
def test_what_runs_is_ended_also_where_the_store_cannot_be_looked_at(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def refuse(*_: object) -> list[str]:
        raise error

    monkeypatch.setattr(module, "working_containers", refuse)
    builder = Builder({}, Quiet())
    with subprocess.Popen(["sleep", "60"], start_new_session=True, text=True) as process:
        builder.register(process)
        builder.end_all()
        assert process.wait(timeout=10) != 0


def test_a_run_is_ended_also_where_its_containers_files_go_with_buildah(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Buildah may take away what tells whose a process is, and leave the process."""
    tells = tmp_path / ".containerenv"
    tells.write_text("here")
    buildah = f"trap 'rm {tells}; exit' TERM; echo on; while :; do sleep 0.01; done"
    with (
        subprocess.Popen(["sleep", "60"]) as run,
        subprocess.Popen(
            ["sh", "-c", buildah], stdout=subprocess.PIPE, text=True, start_new_session=True
        ) as build,
    ):
        assert build.stdout is not None
        assert build.stdout.readline() == "on\n"
        monkeypatch.setattr(module, "working_containers", lambda *_: ["ab"])
        monkeypatch.setattr(leftovers, "_first_processes", lambda: [run.pid])
        monkeypatch.setattr(leftovers, "_container_of", lambda _: "ab" if tells.exists() else "")
        builder = Builder({}, Quiet())
        builder.register(build)
        builder.end_all()
        assert not tells.exists()
        assert run.wait(timeout=10) == -9


def test_what_is_not_a_builds_own_is_not_held(monkeypatch: pytest.MonkeyPatch) -> None:
    def of(pid: int) -> str:
        if pid == os.getpid():
            raise PermissionError(13, "another user's")
        return "other"

    monkeypatch.setattr(leftovers, "_container_of", of)
    monkeypatch.setattr(leftovers, "_first_processes", lambda: [os.getpid(), os.getppid(), 1 << 22])
    before = len(list(Path("/proc/self/fd").iterdir()))
    assert leftovers.hold_runs(["ab"]) == []
    assert len(list(Path("/proc/self/fd").iterdir())) == before
