"""When a container without a health check counts as up."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import pytest

from pipeline.deploy.apply import health
from pipeline.deploy.apply.health import HealthVerdict, await_healthy
from pipeline.engine.inspected import InspectedContainer
from pipeline.engine.podman_writer import PodmanWriter
from pipeline.engine.remote_host import HERE, ContainerHost

MONITOR = 7
RUNNING = InspectedContainer("c", "running", pid=8, monitor=MONITOR)
EXITED = InspectedContainer("c", "exited", exit_code=3)


class World:
    """A clock that does not sleep, an engine, and this machine's processes.

    Attributes:
        states: what one inspection after the other finds; the last one for ever.
        listens_at: when the container's process begins to listen, in seconds; None for never.
        parent: of the process that has the container's number here; None for no such process.
    """

    def __init__(self, *states: InspectedContainer) -> None:
        self.now = 0.0
        self.states = list(states)
        self.asked = 0
        self.listens_at: float | None = None
        self.parent: int | None = MONITOR
        self.machine = HERE

    def container(self, _name: str) -> InspectedContainer:
        self.asked += 1
        return self.states[0] if len(self.states) == 1 else self.states.pop(0)

    def parent_of(self, _process: int, _machine: ContainerHost) -> int:
        if self.parent is None:
            raise FileNotFoundError
        return self.parent

    def listening(self, _process: int, _machine: ContainerHost) -> dict[int, frozenset[str]]:
        listens = self.listens_at is not None and self.now >= self.listens_at
        return {5000: frozenset({"1"})} if listens else {}

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def is_up(self, monkeypatch: pytest.MonkeyPatch) -> bool:
        monkeypatch.setattr(health, "parent", self.parent_of)
        monkeypatch.setattr(health, "listening", self.listening)
        writer = cast("PodmanWriter", self)
        verdict = await_healthy(writer, "web", None, now=lambda: self.now, sleep=self.sleep)
        return verdict.healthy


def test_what_listens_is_up_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(RUNNING)
    world.listens_at = 0.1
    assert world.is_up(monkeypatch)
    assert 0.1 <= world.now < health.SETTLE_SECONDS
    assert world.asked == 1


def test_what_listens_on_nothing_is_up_after_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World(RUNNING)
    assert world.is_up(monkeypatch)
    assert world.now >= health.SETTLE_SECONDS
    assert world.asked == 2, "the engine is not to be asked again and again"


def test_what_ends_meanwhile_does_not_count_as_up(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(RUNNING, EXITED)
    world.parent = None
    assert not world.is_up(monkeypatch)
    assert world.now < health.SETTLE_SECONDS


def test_what_its_restart_policy_starts_again_does_not_count_as_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World(RUNNING, replace(RUNNING, pid=78))
    world.parent = None
    assert not world.is_up(monkeypatch)


def test_a_process_that_only_has_the_number_of_a_remote_one_does_not_speak_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World(RUNNING)
    world.listens_at = 0.0
    world.parent = 1
    assert world.is_up(monkeypatch)
    assert world.now >= health.SETTLE_SECONDS


class Wrote:
    """A log, in the pieces in which it was written."""

    def __init__(self, *pieces: str) -> None:
        self._pieces = pieces

    def logs(self, _name: str) -> list[tuple[int, bytes]]:
        return [(2, piece.encode()) for piece in self._pieces]


@pytest.mark.parametrize(
    ("pieces", "told"),
    [
        (("boom", "\n"), "its last lines:\n  boom"),
        ((), "it wrote nothing"),
        (tuple(f"{n}\n" for n in range(40)), "its last lines:\n  25\n"),
    ],
)
def test_the_last_words_are_told_whole(pieces: tuple[str, ...], told: str) -> None:
    error = health.unhealthy(
        cast("PodmanWriter", Wrote(*pieces)), "web", HealthVerdict(False, "exited", "-")
    )
    assert told in error.details
