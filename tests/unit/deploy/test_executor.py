"""The executor: order, what depends on a failure, and an interruption."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from pipeline.deploy.apply import executor as room
from pipeline.deploy.apply.executor import apply
from pipeline.deploy.model.operation import Operation, Plan
from pipeline.errors import EngineError, HostUnsupported

URI = "unix:///nowhere"
Do = Callable[[Operation], None]


@pytest.fixture
def carried_out(monkeypatch: pytest.MonkeyPatch) -> Callable[[Do], list[str]]:
    """Put `do` in the place of the calls to the engine; what was done, in order."""

    def put(do: Do) -> list[str]:
        done: list[str] = []

        def carry_out(operation: Operation, _writer: object, _pause: object) -> None:
            do(operation)
            done.append(operation.name)

        monkeypatch.setattr(room, "carry_out", carry_out)
        return done

    return put


def start(name: str, *after: str) -> Operation:
    return Operation("start", "container", name, "", tuple(f"start container {a}" for a in after))


def test_everything_comes_after_what_it_depends_on(
    carried_out: Callable[[Do], list[str]],
) -> None:
    done = carried_out(lambda _operation: None)
    outcome = apply(Plan((start("c", "b"), start("b", "a"), start("a"))), URI)
    assert done == ["a", "b", "c"]
    assert [o.name for o in outcome.done] == ["a", "b", "c"]


def test_what_does_not_depend_on_a_failure_is_done(
    carried_out: Callable[[Do], list[str]],
) -> None:
    def do(operation: Operation) -> None:
        if operation.name == "bad":
            raise HostUnsupported("no", details="because")

    done = carried_out(do)
    told: list[tuple[str, bool]] = []
    plan = Plan((start("bad"), start("child", "bad"), start("grandchild", "child"), start("good")))
    outcome = apply(plan, URI, lambda o, error: told.append((o.name, error is None)))
    assert done == ["good"]
    assert sorted(told) == [("bad", False), ("good", True)]
    with pytest.raises(HostUnsupported, match="no"):
        outcome.raise_first()


def test_the_other_failures_are_named(carried_out: Callable[[Do], list[str]]) -> None:
    def do(operation: Operation) -> None:
        raise EngineError(f"{operation.name} failed")

    carried_out(do)
    outcome = apply(Plan((start("a"), start("b"))), URI)
    with pytest.raises(EngineError) as raised:
        outcome.raise_first()
    assert "also: start container" in raised.value.details


def test_independent_calls_overlap(carried_out: Callable[[Do], list[str]]) -> None:
    both = threading.Barrier(2, timeout=10)

    def do(_operation: Operation) -> None:
        both.wait()

    carried_out(do)
    assert len(apply(Plan((start("a"), start("b"))), URI).done) == 2


def test_an_interruption_is_not_swallowed(carried_out: Callable[[Do], list[str]]) -> None:
    carried_out(lambda _operation: None)

    def listen(_operation: Operation, _error: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        apply(Plan((start("a"), start("b", "a"))), URI, listen)
