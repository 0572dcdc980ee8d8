"""What a snapshot is made from: the engine's JSON and the kernel's tables, as they really are."""

from __future__ import annotations

from pipeline.deploy.observe import listening

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n"
TCP = (
    HEAD
    + "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1001\n"
    + "   1: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0\n"
    + "   2: 0100007F:1F91 0100007F:C350 01 00000000:00000000 00:00000000 00000000  1001\n"
)
TCP6 = (
    HEAD
    + "   0: 00000000000000000000000000000000:1F92 00000000000000000000000000000000:0000 0A 0:0\n"
    + "   1: 0000000000000000FFFF00000100007F:1F93 00000000000000000000000000000000:0000 0A 0:0\n"
    + "   2: 00000000000000000000000001000000:1F94 00000000000000000000000000000000:0000 0A 0:0\n"
)
UDP = HEAD + "   0: 00000000:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000  0\n"


def test_only_listening_sockets_must_count() -> None:
    assert listening("tcp", TCP) == {("127.0.0.1", 8080), ("0.0.0.0", 22)}


def test_addresses_of_ipv6_must_be_read_and_mapped_ones_are_ipv4() -> None:
    assert listening("tcp", TCP6) == {("::", 8082), ("127.0.0.1", 8083), ("::1", 8084)}


def test_a_bound_udp_socket_must_count() -> None:
    assert listening("udp", UDP) == {("0.0.0.0", 53)}
