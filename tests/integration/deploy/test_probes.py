"""What health probes leave behind: monitors of commands that ended, for seconds and not minutes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.integration.deploy.conftest import Project
from tests.integration.deploy.havoc import Session
from tests.integration.storage import Store

pytestmark = pytest.mark.integration


def test_the_monitors_of_probes_must_end_soon(
    project: Project, store: Store, eventually: Callable[..., None]
) -> None:
    """Podman's own delay is five minutes, with two of them for each probe."""
    project.write(healthcheck={"test": ["CMD", "true"], "interval": "100ms"}, replicas=1)
    session = Session(store)
    others = monitors(session)
    project.run("deploy")
    for _ in range(5):
        assert project.status()["web-1"]["health"] == "healthy"
    eventually(lambda: monitors(session) <= others + 1, 25)


def monitors(session: Session) -> int:
    return sum(process.name == "conmon" for process in session.processes().values())
