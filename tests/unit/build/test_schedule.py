"""Work side by side."""

from __future__ import annotations

import threading

import pytest

from pipeline.build.run.schedule import run_side_by_side

DEADLINE = 20.0


def _nothing() -> None:
    return None


def test_independent_work_runs_at_the_same_time() -> None:
    meet = threading.Barrier(2, timeout=DEADLINE)

    def work(name: str) -> str:
        meet.wait()  # passes only when both run at once
        return name.upper()

    results, errors = run_side_by_side(["a", "b"], {}, work, workers=2, interrupt=_nothing)
    assert results == {"a": "A", "b": "B"}
    assert not errors


def test_no_more_than_the_workers_run_at_once() -> None:
    lock = threading.Lock()
    running = most = 0

    def work(name: str) -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        threading.Event().wait(0.002)
        with lock:
            running -= 1

    run_side_by_side([str(n) for n in range(20)], {}, work, workers=3, interrupt=_nothing)
    assert most <= 3


def test_a_name_begins_when_its_needs_are_done() -> None:
    done: list[str] = []
    needs = {"b": ["a"], "c": ["a", "not here"], "d": ["b", "c"]}
    run_side_by_side(["a", "b", "c", "d"], needs, done.append, workers=4, interrupt=_nothing)
    assert done[0] == "a"
    assert done[-1] == "d"


def test_after_a_failure_nothing_new_begins_but_what_runs_is_finished() -> None:
    begun = threading.Event()
    failed = threading.Event()
    seen: list[str] = []

    def work(name: str) -> str:
        seen.append(name)
        if name == "bad":
            assert begun.wait(DEADLINE)
            failed.set()
            raise ValueError(name)
        begun.set()
        assert failed.wait(DEADLINE)
        return name

    results, errors = run_side_by_side(
        ["bad", "slow", "after", "later"],
        {"after": ["bad"], "later": ["slow"]},
        work,
        workers=2,
        interrupt=_nothing,
    )
    assert results == {"slow": "slow"}
    assert list(errors) == ["bad"]
    assert sorted(seen) == ["bad", "slow"]


def test_an_interruption_ends_the_running_work() -> None:
    stop = threading.Event()

    def work(name: str) -> None:
        if name == "interrupts":
            raise KeyboardInterrupt
        assert stop.wait(DEADLINE)

    with pytest.raises(KeyboardInterrupt):
        run_side_by_side(["interrupts", "other"], {}, work, workers=2, interrupt=stop.set)
    assert stop.is_set()
