from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.engine.sockets import BoundSocket, bound, listening, namespaces, parent, parse

HEAD = (
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout\n"
)
REST = "00000000:00000000 00:00000000 00000000  1001        0 31337 1 0"
TCP = f"""{HEAD}\
   0: 0100007F:1F90 00000000:0000 0A {REST}
   1: 00000000:0016 00000000:0000 0A {REST}
   2: 0100007F:1F91 0100007F:C350 01 {REST}
"""
TCP6 = f"""{HEAD}\
   0: 00000000000000000000000000000000:1F92 00000000000000000000000000000000:0000 0A {REST}
   1: 0000000000000000FFFF00000100007F:1F93 00000000000000000000000000000000:0000 0A {REST}
   2: 00000000000000000000000001000000:1F94 00000000000000000000000000000000:0000 0A {REST}
"""
UDP = f"{HEAD}   0: 00000000:0035 00000000:0000 07 {REST}\n"


def found(protocol: str, table: str) -> set[tuple[str, int]]:
    return {(one.address, one.port) for one in parse(protocol, table)}


def test_only_listening_sockets_count() -> None:
    assert found("tcp", TCP) == {("127.0.0.1", 8080), ("0.0.0.0", 22)}


def test_addresses_of_ipv6_are_read_and_mapped_ones_are_ipv4() -> None:
    assert found("tcp", TCP6) == {("::", 8082), ("127.0.0.1", 8083), ("::1", 8084)}


def test_a_bound_udp_socket_counts() -> None:
    assert list(parse("udp", UDP)) == [BoundSocket("udp", "0.0.0.0", 53, "31337", "1001")]


def test_a_bound_udp_socket_of_ours_is_found() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        inode = str(os.fstat(server.fileno()).st_ino)
        expected = BoundSocket("udp", "127.0.0.1", server.getsockname()[1], inode, str(os.getuid()))
        assert expected in list(bound())


def test_a_child_knows_its_parent() -> None:
    argv = [sys.executable, "-c", "input()"]
    with subprocess.Popen(argv, stdin=subprocess.PIPE) as child:
        assert parent(child.pid) == os.getpid()
        child.communicate(b"\n")
    with pytest.raises(FileNotFoundError):
        parent(child.pid)


def test_a_socket_of_ours_is_among_those_that_listen() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        port = server.getsockname()[1]
        assert port not in listening()
        server.listen()
        inode = str(os.fstat(server.fileno()).st_ino)
        assert inode in listening()[port]
        assert inode in listening(os.getpid())[port]


def test_our_own_namespaces_are_those_of_our_process() -> None:
    found = namespaces(os.getpid(), ("net", "pid"))
    assert found["net"] == str(Path("/proc/self/ns/net").readlink())
    assert set(found) == {"net", "pid"}
