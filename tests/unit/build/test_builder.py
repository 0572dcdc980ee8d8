"""Ending builds: whatever cannot be looked at, what runs is ended."""

from __future__ import annotations

import subprocess

import pytest

from pipeline.build.run import builder as module
from pipeline.build.run.builder import Builder
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
