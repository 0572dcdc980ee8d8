from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from pipeline.spec.check_graphs import circles

names = st.sampled_from("abcdef")
graphs = st.dictionaries(names, st.lists(names, max_size=3))


def has_circle(graph: dict[str, list[str]]) -> bool:
    """Whether taking away what waits for nothing, again and again, leaves something."""
    left = {name: set(others) & set(graph) for name, others in graph.items()}
    while free := {name for name, others in left.items() if not others}:
        left = {name: others - free for name, others in left.items() if name not in free}
    return bool(left)


@given(graphs)
def test_circles_are_real_and_none_is_missed(graph: dict[str, list[str]]) -> None:
    found = list(circles(graph))

    for circle in found:
        assert circle[0] == circle[-1]
        assert all(later in graph[earlier] for earlier, later in pairwise(circle))
        assert len(set(circle)) == len(circle) - 1
    assert bool(found) == has_circle(graph)


def test_a_long_chain_is_no_problem() -> None:
    chain = {str(number): [str(number + 1)] for number in range(20_000)}

    assert list(circles(chain)) == []
    assert len(list(circles({**chain, "20000": ["0"]}))) == 1
