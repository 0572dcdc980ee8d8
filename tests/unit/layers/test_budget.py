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


def test_a_version_has_its_own_bytes_and_the_ratio_of_all() -> None:
    own = {"a:1": Budgets(max_new_bytes=1), "a:2": Budgets(max_new_bytes=20_000)}
    budgets = Budgets(max_new_bytes=10, min_shared_ratio=0.99, versions=own)
    size, ratio = judge(family(), budgets)
    assert (size.rule, size.limit, size.held) == ("max_new_bytes", 20_000, True)
    assert (ratio.rule, ratio.limit, ratio.held) == ("min_shared_ratio", 0.99, False)
    assert ratio.difference == "64 % of its bytes are shared with a:1, at least 99 %"
    exact = family().comparisons[0].shared_ratio
    assert judge(family(), Budgets(min_shared_ratio=exact))[0].held
