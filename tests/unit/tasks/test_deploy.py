"""What `deploy --dry-run` shows of a plan."""

from __future__ import annotations

import pytest

from pipeline.deploy.model.operation import Operation, Plan
from pipeline.tasks import deploy


def test_a_backup_is_shown_before_what_it_is_made_for(
    capsys: pytest.CaptureFixture[str],
) -> None:
    stop = Operation("stop", "container", "p-web-1", "p 1.0 → 1.1")
    deploy._say_plan(Plan((stop,), backups=("p_data",)))
    assert capsys.readouterr().out.splitlines() == [
        "back up volume p_data (backup_before_upgrade)",
        "stop container p-web-1 (p 1.0 → 1.1)",
    ]
