"""What health probes leave behind: monitors of commands that ended, for seconds and not minutes.

`CAPAS_PROBES=50` asks so often, and not five times.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

import pytest

from tests.integration.deploy.conftest import Project
from tests.integration.deploy.havoc import Session
from tests.integration.storage import Store

pytestmark = pytest.mark.integration

PROBES = int(os.environ.get("CAPAS_PROBES", "5"))


def test_the_monitors_of_probes_end_soon(
    project: Project, store: Store, eventually: Callable[..., None]
) -> None:
    """Podman's own delay is five minutes, with two of them for each probe."""
    project.write(healthcheck={"test": ["CMD", "true"], "interval": "100ms"}, replicas=1)
    session = Session(store)
    others = monitors(session)
    project.run("deploy")
    most = 0
    for _ in range(PROBES):
        assert project.status()["web-1"]["health"] == "healthy"
        most = max(most, monitors(session) - others)
    sys.stdout.write(f"{PROBES} probes, {most} monitors at most\n")
    eventually(lambda: monitors(session) <= others + 1, 25)


def monitors(session: Session) -> int:
    return sum(process.name == "conmon" for process in session.processes().values())
