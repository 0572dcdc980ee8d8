"""Which port a replica gets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.deploy.model.ports import Binding, Held, assign, lost_ports
from pipeline.errors import CapasError, HostUnsupported
from pipeline.spec.model import Port

LOOPBACK = "127.0.0.1"


def held(*ports: int, address: str = LOOPBACK) -> Held:
    return Held({("tcp", address, port): "a neighbour" for port in ports})


def hosts(bindings: dict[int, tuple[Binding, ...]]) -> list[list[int]]:
    return [[b.host for b in bindings[number]] for number in sorted(bindings)]


def test_replica_i_takes_base_plus_i_minus_1() -> None:
    bindings, notes = assign([Port(5000, 8080)], [1, 2, 3], {}, held())
    assert hosts(bindings) == [[8080], [8081], [8082]]
    assert notes == ()


def test_a_held_port_is_skipped_and_reported() -> None:
    bindings, notes = assign([Port(5000, 8080)], [1, 2], {}, held(8080))
    assert hosts(bindings) == [[8081], [8082]]
    assert notes == ("port 8080 is already in use by a neighbour: 8081 instead",)


def test_many_held_ports_are_reported_in_one_line_for_each_holder() -> None:
    neighbours = held(8080, 8081, 8082, 8085)
    other = Held({**neighbours.ports, ("tcp", LOOPBACK, 8084): "the container db"})
    _, notes = assign([Port(5000, 8080)], [1, 2], {}, other)
    assert notes == (
        "ports 8080-8082, 8085 are already in use by a neighbour: 8083, 8086 instead",
        "port 8084 is already in use by the container db: 8086 instead",
    )


def test_a_strict_port_is_refused_when_it_is_held() -> None:
    with pytest.raises(CapasError, match="port 8081 is already in use by a neighbour"):
        assign([Port(5000, 8080, strict=True)], [1, 2], {}, held(8081))


def test_a_strict_port_is_refused_when_the_pipeline_itself_holds_it() -> None:
    with pytest.raises(CapasError, match="port 8080 is already in use by this pipeline"):
        assign([Port(5000, 8080, strict=True)], [1], {}, held(), [Binding(1, 8080, LOOPBACK)])


def test_a_port_of_roots_is_refused_before_anything_starts() -> None:
    with pytest.raises(
        HostUnsupported, match="port 80 is privileged: unprivileged users can bind 1024 and above"
    ):
        assign([Port(5000, 80)], [1], {}, Held(first=1024))
    bindings, _ = assign([Port(5000, 1024), Port(5001)], [1], {}, Held(first=1024))
    assert hosts(bindings) == [[1024, 0]]


def test_what_a_replica_has_stays() -> None:
    kept = {2: (Binding(5000, 8080, LOOPBACK),)}
    bindings, _ = assign([Port(5000, 8080)], [1, 2], kept, held())
    assert hosts(bindings) == [[8081], [8080]]


def test_any_free_port_is_left_to_the_engine() -> None:
    bindings, _ = assign([Port(5000)], [1, 2], {}, held())
    assert hosts(bindings) == [[0], [0]]


@pytest.mark.parametrize(
    ("theirs", "ours", "meets"),
    [
        ("0.0.0.0", LOOPBACK, True),
        ("::", LOOPBACK, True),
        (LOOPBACK, "0.0.0.0", True),
        ("192.168.1.1", LOOPBACK, False),
    ],
)
def test_only_addresses_that_meet_count(theirs: str, ours: str, meets: bool) -> None:
    holder = held(8080, address=theirs).holder("tcp", ours, 8080)
    assert (holder is not None) is meets


def test_a_udp_socket_does_not_hold_a_tcp_port() -> None:
    assert Held({("udp", LOOPBACK, 53): "dns"}).holder("tcp", LOOPBACK, 53) is None


def test_no_free_port_is_an_error() -> None:
    with pytest.raises(CapasError, match="no free port from 65535 on"):
        assign([Port(5000, 65535)], [1, 2], {}, held(65535))


@given(
    base=st.integers(1024, 60000),
    replicas=st.integers(1, 20),
    ports=st.sets(st.integers(1024, 60040), max_size=30),
)
def test_no_two_replicas_may_share_a_port_and_none_may_be_held(
    base: int, replicas: int, ports: set[int]
) -> None:
    bindings, _ = assign([Port(1, base), Port(2, base)], range(1, replicas + 1), {}, held(*ports))
    given_out = [b.host for each in bindings.values() for b in each]
    assert len(set(given_out)) == len(given_out) == 2 * replicas
    assert not ports & set(given_out)
    assert min(given_out) >= base


@pytest.mark.parametrize(
    ("message", "ports"),
    [
        ("rootlessport listen tcp 127.0.0.1:18000: bind: address already in use", (18000,)),
        ("rootlessport listen udp :53: bind: address already in use", (53,)),
        (
            "pasta failed with exit code 1: Failed to bind port 18101 (Address already in use)",
            (18101,),
        ),
        ("rootlessport cannot expose privileged port 80", ()),
    ],
)
def test_a_lost_port_is_read_from_the_engines_words(message: str, ports: tuple[int, ...]) -> None:
    assert lost_ports(message) == ports


@pytest.mark.parametrize(
    ("address", "url"),
    [
        (LOOPBACK, "http://127.0.0.1:8080"),
        ("0.0.0.0", "http://127.0.0.1:8080"),
        ("::1", "http://[::1]:8080"),
    ],
)
def test_a_url_is_one_that_a_browser_takes(address: str, url: str) -> None:
    assert Binding(5000, 8080, address).url == url


def test_a_url_names_the_machine_that_it_is_asked_at() -> None:
    assert Binding(5000, 8080, "").url_at("box") == "http://box:8080"
    assert Binding(5000, 8080, "::").url_at("fe80::1") == "http://[fe80::1]:8080"
    assert Binding(5000, 8080, "10.0.0.7").url_at("box") == "http://10.0.0.7:8080"


@pytest.mark.parametrize(
    ("address", "alone"),
    [("127.0.0.1", True), ("127.1.2.3", True), ("::1", True), ("localhost", True),
     ("0.0.0.0", False), ("10.0.0.7", False)],
)  # fmt: skip
def test_only_its_own_machine_reaches_the_loopback(address: str, *, alone: bool) -> None:
    assert Binding(1, 2, address).on_loopback is alone


@pytest.mark.parametrize(
    ("ours", "theirs", "meets"),
    [("10.0.0.7", "10.0.0.7", True), ("10.0.0.7", LOOPBACK, False), ("", LOOPBACK, True),
     (LOOPBACK, "::", True)],
)  # fmt: skip
def test_sockets_meet_at_one_address_or_at_all(ours: str, theirs: str, *, meets: bool) -> None:
    assert Binding(1, 2, ours).meets(theirs) is meets


def test_what_our_own_replicas_hold_does_not_count() -> None:
    others = Held({("tcp", LOOPBACK, 1): "a", ("udp", LOOPBACK, 1): "b", ("tcp", "", 2): "c"}, 7)
    rest = others.without([Binding(5, 1, LOOPBACK)])
    assert rest == Held({("udp", LOOPBACK, 1): "b", ("tcp", "", 2): "c"}, 7)


def test_a_port_of_another_protocol_or_number_is_free() -> None:
    assert held(8080).holder("tcp", LOOPBACK, 8080) == "a neighbour"
    assert held(8080).holder("udp", LOOPBACK, 8080) is None
    assert held(8080).holder("tcp", LOOPBACK, 8081) is None


def test_one_port_of_a_pipeline_is_not_taken_twice_and_this_is_not_reported() -> None:
    ours = [Binding(1, 8080, LOOPBACK), Binding(1, 0, LOOPBACK)]
    bindings, notes = assign([Port(5000, 8080)], [2, 1], {}, held(), ours)
    assert hosts(bindings) == [[8081], [8082]]
    assert notes == ()
