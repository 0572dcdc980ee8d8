"""Run as the account in another engine's root: runs what the tests ask for, on their own streams.

A request is one byte with three descriptors (standard input, output and error), then a line of
JSON: `argv`, `cwd` and `environment` (added to the account's own). The answer is a line with the
exit code. Whoever asks and goes away ends what was asked for.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
from contextlib import suppress


def serve(descriptor: int, caller: int) -> None:
    """Answer for ever.

    Args:
        descriptor: of a socket that listens.
        caller: the user id whose requests are answered.
    """
    with socket.socket(fileno=descriptor) as listener:
        while True:
            client, _ = listener.accept()
            threading.Thread(target=_answer, args=(client, caller), daemon=True).start()


def _answer(client: socket.socket, caller: int) -> None:
    with client:
        asked_by = struct.unpack("3i", client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
        if asked_by[1] != caller:
            return
        _, streams, _, _ = socket.recv_fds(client, 1, 3)
        try:
            code = _run(client, streams)
        finally:
            for stream in streams:
                with suppress(OSError):
                    os.close(stream)
        with suppress(OSError):  # whoever asked may have gone away
            client.sendall(f"{code}\n".encode())


def _run(client: socket.socket, streams: list[int]) -> int:
    with client.makefile("r", encoding="utf-8") as lines:
        request = json.loads(lines.readline())
    try:
        process = subprocess.Popen(
            request["argv"],
            cwd=request["cwd"],
            env={**os.environ, **request["environment"]},
            stdin=streams[0],
            stdout=streams[1],
            stderr=streams[2],
            start_new_session=True,
        )
    except OSError as error:
        os.write(streams[2], f"error: {error}\n".encode())
        return 127
    for stream in streams:  # a pipe ends with the process, not with us
        os.close(stream)
    streams.clear()
    threading.Thread(target=_end_with, args=(client, process), daemon=True).start()
    return process.wait()


def _end_with(client: socket.socket, process: subprocess.Popen[bytes]) -> None:
    with suppress(OSError):
        client.recv(1)
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


if __name__ == "__main__":
    serve(int(sys.argv[1]), int(sys.argv[2]))
