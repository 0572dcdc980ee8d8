"""Limits are asked for in the API's words and read back."""

from __future__ import annotations

from dataclasses import replace

from pipeline.deploy.observe.features import Features
from pipeline.deploy.plan.limits import limits_of, lost_limits
from pipeline.engine.inspected import InspectedContainer
from pipeline.spec.model import Resources


def test_a_limit_that_the_engine_forgot_is_noticed() -> None:
    everything = Features(limits=frozenset({"memory", "cpu", "pids"}))
    wanted, missing = limits_of(Resources(memory=1 << 20, cpus=0.5, pids=7), everything)
    assert missing == ()
    kept = InspectedContainer(memory=1 << 20, cpu_quota=50_000, pids=7)
    assert lost_limits(wanted, kept) == []
    assert lost_limits(wanted, replace(kept, memory=0, pids=0)) == ["memory", "pids"]


def test_what_the_host_ignores_is_named_and_not_asked_for() -> None:
    wanted = Resources(memory=1 << 20, cpus=0.5, pids=7)
    some = Features(limits=frozenset({"cpu"}))
    limits = {"cpu": {"quota": 50_000, "period": 100_000}}
    assert limits_of(wanted, some) == (limits, ("memory", "pids"))
    assert limits_of(Resources(), some) == ({}, ())


def test_where_processes_can_be_limited_they_are() -> None:
    able = Features(limits=frozenset({"pids"}))
    assert limits_of(Resources(), able) == ({"pids": {"limit": 512}}, ())
    assert limits_of(Resources(pids=7), able) == ({"pids": {"limit": 7}}, ())


def test_what_was_not_asked_for_or_is_gone_is_not_missed() -> None:
    found = InspectedContainer(memory=5, cpu_quota=5, pids=5)
    assert lost_limits({"pids": {"limit": 5}}, found) == []
    assert lost_limits({"pids": {"limit": 5}}, None) == []
