"""Limits are asked for in the API's words and read back."""

from __future__ import annotations

from pipeline.deploy.abilities import Abilities
from pipeline.deploy.limits import limits_of, lost_limits
from pipeline.spec.model import Resources


def test_a_limit_that_the_engine_forgot_must_be_noticed() -> None:
    everything = Abilities(limits=frozenset({"memory", "cpu", "pids"}))
    wanted, missing = limits_of(Resources(memory=1 << 20, cpus=0.5, pids=7), everything)
    assert missing == ()
    kept = {"Memory": 1 << 20, "CpuQuota": 50_000, "PidsLimit": 7}
    assert lost_limits(wanted, {"HostConfig": kept}) == []
    assert lost_limits(wanted, {"HostConfig": {**kept, "Memory": 0, "PidsLimit": 0}}) == [
        "memory",
        "pids",
    ]
