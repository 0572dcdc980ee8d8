"""Single operations, against an engine that is played."""

from __future__ import annotations

from typing import cast

import pytest

from pipeline.deploy.apply.handlers import carry_out
from pipeline.deploy.model.operation import RELEASE_SECONDS, Operation
from pipeline.engine.podman_writer import PodmanWriter
from pipeline.errors import EngineError

PASTA = "Failed to bind port 20030 (Address already in use) for option '-t 127.0.0.1/20030'"


class Engine:
    """Starts a container when it has been asked often enough."""

    def __init__(self, *refusals: str) -> None:
        self.refusals = list(refusals)

    def start_container(self, name: str) -> None:
        if self.refusals:
            raise EngineError("Podman refused a request", details=self.refusals.pop(0))

    def version(self) -> str:
        return "5.4.2"


def start(engine: Engine, patience: float = 0.0) -> list[float]:
    """Carry out a start; the pauses that it made."""
    pauses: list[float] = []
    operation = Operation("start", "container", "web-1", "", patience=patience)
    carry_out(operation, cast("PodmanWriter", engine), pauses.append)
    return pauses


def test_a_port_that_an_old_container_still_holds_is_waited_for() -> None:
    assert start(Engine()) == []
    assert len(start(Engine(PASTA, PASTA), RELEASE_SECONDS)) == 2


def test_a_port_of_somebody_else_is_reported_at_once() -> None:
    with pytest.raises(EngineError, match="20030"):
        start(Engine(PASTA))


def test_another_error_is_not_waited_for() -> None:
    with pytest.raises(EngineError, match="no space left"):
        start(Engine("no space left"), RELEASE_SECONDS)
