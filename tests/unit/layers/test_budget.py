from __future__ import annotations

from pipeline.layers.budget import judge
from pipeline.layers.family import Family
from pipeline.spec.budgets import Budgets
from tests.unit.layers.builders import World, file

COPY = "/bin/sh -c #(nop) COPY file:0123456789abcdef in /app "


def family() -> Family:
    world = World()
    lib = (COPY, [file("lib", "x" * 10_000)])
    one = world.image("localhost/a:1", lib, (COPY, [file("app", "1")]))
    two = world.image("localhost/a:2", lib, (COPY, [file("app", "2" * 5000)]))
    return world.family(one, two)


def test_no_budget_no_verdict() -> None:
    assert judge(family(), Budgets()) == ()


def test_a_budget_is_held_up_to_its_limit() -> None:
    new = family().comparisons[0].new_bytes
    for limit, held in ((new, True), (new - 1, False)):
        (verdict,) = judge(family(), Budgets(max_new_bytes=limit))
        assert (verdict.version, verdict.against, verdict.rule) == ("a:2", "a:1", "max_new_bytes")
        assert (verdict.measured, verdict.held) == (new, held)
        assert verdict.difference == "6.66 kB in layers that a:1 does not have, at most 6.66 kB"


def test_a_versions_own_budget_counts_for_it() -> None:
    budgets = Budgets(min_shared_ratio=0.99, versions={"a:2": Budgets(min_shared_ratio=0.5)})
    (verdict,) = judge(family(), budgets)
    assert (verdict.limit, verdict.held) == (0.5, True)
