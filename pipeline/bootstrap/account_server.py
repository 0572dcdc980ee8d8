"""Run as the second account: answers requests of the first one, and of nobody else.

A request is one line of JSON: `argv`, `environment` (added to the account's own) and `stdin`.
The answer is one line: `returncode`, `stdout`, `stderr`.
"""

from __future__ import annotations

import json
import os
import socket
import struct
import subprocess
import sys
import threading


def serve(address: str, caller: int) -> None:
    """Answer for ever.

    Args:
        address: of the socket.
        caller: the user id whose requests are answered.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(address)
        os.chmod(address, 0o660)
        listener.listen()
        while True:
            client, _ = listener.accept()
            threading.Thread(target=_answer, args=(client, caller), daemon=True).start()


def _answer(client: socket.socket, caller: int) -> None:
    with client, client.makefile("rw", encoding="utf-8") as stream:
        asked_by = struct.unpack("3i", client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
        if asked_by[1] != caller:
            return
        request = json.loads(stream.readline())
        done = subprocess.run(
            request["argv"],
            env={**os.environ, **request["environment"]},
            input=request["stdin"],
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
        answer = {"returncode": done.returncode, "stdout": done.stdout, "stderr": done.stderr}
        stream.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]))
