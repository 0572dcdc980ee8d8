"""Containers are held for a backup, and let go whatever happens."""

from __future__ import annotations

from typing import cast

import pytest

from pipeline.engine.podman_writer import PodmanWriter
from pipeline.errors import EngineError
from pipeline.volumes.backup import held
from pipeline.volumes.plan import Hold


class Engine:
    """Freezes containers, but for one; as Podman, it refuses to let go what is not frozen."""

    def __init__(self) -> None:
        self.frozen: list[str] = []

    def pause_container(self, name: str) -> None:
        if name == "no-group":
            raise EngineError("cannot pause the container without a cgroup")
        self.frozen.append(name)

    def unpause_container(self, name: str) -> None:
        if name not in self.frozen:
            raise EngineError("is not paused")
        self.frozen.remove(name)


def test_who_cannot_be_held_is_reported_and_everybody_is_let_go() -> None:
    engine = Engine()
    hold = Hold("pause", ("first", "no-group", "last"))
    with (
        pytest.raises(EngineError, match="without a cgroup"),
        held(cast("PodmanWriter", engine), hold),
    ):
        pytest.fail("nothing may be read from a volume that changes")
    assert engine.frozen == []


def test_an_interruption_lets_everybody_go() -> None:
    engine = Engine()

    def interrupt() -> None:
        assert engine.frozen == ["a", "b"]
        raise KeyboardInterrupt

    with (
        pytest.raises(KeyboardInterrupt),
        held(cast("PodmanWriter", engine), Hold("pause", ("a", "b"))),
    ):
        interrupt()
    assert engine.frozen == []
