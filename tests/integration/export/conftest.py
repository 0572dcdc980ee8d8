"""Quadlet came with Podman 4.4: where there is none, its tests are not chosen (and are said so)."""

from __future__ import annotations

from pathlib import Path

import pytest

QUADLET = Path("/usr/libexec/podman/quadlet")
SYSTEMD = Path("/usr/lib/systemd/systemd")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what only an engine with Quadlet can tell."""
    if QUADLET.exists() and SYSTEMD.exists():
        return
    here = [item for item in items if item.get_closest_marker("quadlet")]
    if here:
        config.hook.pytest_deselected(items=here)
        items[:] = [item for item in items if item not in here]
