"""The sweep over the ports against the plain comparison of every port with every other."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from pipeline.spec.check_ports import port_problems
from pipeline.spec.model import Pipeline, Port, Service
from pipeline.spec.read_context import ReadContext

ports = st.builds(
    Port,
    target=st.just(80),
    published=st.one_of(st.none(), st.integers(2000, 2012)),
    address=st.sampled_from(["127.0.0.1", "127.0.0.2", "0.0.0.0"]),
    protocol=st.sampled_from(["tcp", "udp"]),
)
services = st.lists(
    st.builds(
        Service,
        name=st.just(""),
        image=st.just("localhost/a:1"),
        built_here=st.just(False),
        replicas=st.integers(1, 4),
        ports=st.lists(ports, max_size=2).map(tuple),
        profiles=st.sampled_from([(), ("a",), ("b",), ("a", "b")]),
    ),
    max_size=6,
)


def clashing(made: list[Service]) -> set[tuple[int, int]]:
    """The entries, by service and index, that want a port that an earlier entry has."""
    wants = [
        (number, index, service, port, {port.published + i for i in range(service.replicas)})
        for number, service in enumerate(made)
        for index, port in enumerate(service.ports)
        if port.published is not None
    ]
    late = set()
    for (_, _, one, first, numbers), (at, index, two, second, others) in combinations(wants, 2):
        addresses = {first.address, second.address}
        apart = one.profiles and two.profiles and not {*one.profiles} & {*two.profiles}
        same = first.protocol == second.protocol and (len(addresses) == 1 or "0.0.0.0" in addresses)
        if same and not apart and numbers & others:
            late.add((at, index))
    return late


@given(services)
def test_every_clash_is_told_once_at_the_later_entry(made: list[Service]) -> None:
    named = {str(number): service for number, service in enumerate(made)}
    pipeline = Pipeline(
        "p",
        Path("p.toml"),
        Path(),
        services={
            name: Service(**{**vars(service), "name": name}) for name, service in named.items()
        },
    )

    problems = list(port_problems(pipeline, ReadContext("p", Path(), {})))

    assert {problem.rule for problem in problems} <= {"CAP110"}
    told = [(int(str(p.path[1])), int(p.path[3])) for p in problems]
    assert len(told) == len(set(told))
    assert set(told) == clashing(made)
