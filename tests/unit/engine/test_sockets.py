from __future__ import annotations

import os
import socket
from pathlib import Path

from pipeline.engine.sockets import listening, namespaces, parse

TABLE = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 31337 1 0
   1: 0100007F:1F90 0100007F:D431 01 00000000:00000000 00:00000000 00000000  1000        0 31338 1 0
   2: 00000000000000000000000000000000:0050 00000000000000000000000000000000:0000 0A \
00000000:00000000 00:00000000 00000000     0        0 99 1 0
"""


def test_only_listening_sockets_are_read() -> None:
    assert parse(TABLE.splitlines()) == [(8080, "31337"), (80, "99")]


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
