"""A service on another machine: one ssh that forwards its socket, for the time of a command.

The user's own ssh decides as it does for every login: its configuration, known hosts and agent
count. Nothing is asked on the terminal.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from pipeline.engine import command
from pipeline.errors import EngineError, HostUnable, UsageError

LOGIN_SECONDS = 20


@contextmanager
def tunnel(uri: str, path: Path, environment: Mapping[str, str]) -> Iterator[None]:
    """Let a socket here lead to a service's socket there; it ends with the block.

    Args:
        uri: `ssh://user@host:port/socket`, as podman(1) has it for CONTAINER_HOST.
        path: of the socket here; made, and removed at the end.
        environment: of ssh; CONTAINER_SSHKEY in it names a key, as for podman(1).

    Raises:
        UsageError: the URI names no host or no socket.
        EngineError: the login failed.
        HostUnable: ssh is not installed.
    """
    parts = urlsplit(uri)
    if not parts.hostname or not parts.path.strip("/"):
        raise UsageError(
            f"{uri} names no socket on another machine",
            resolution="CONTAINER_HOST=ssh://user@host/run/user/1000/podman/podman.sock",
        )
    if shutil.which("ssh", path=environment.get("PATH")) is None:
        raise HostUnable("ssh is not installed", details=f"CONTAINER_HOST is {uri}")
    argv = tunnel_argv(parts, path, environment.get("CONTAINER_SSHKEY"))
    if shutil.which("setpriv", path=environment.get("PATH")):
        argv = ["setpriv", "--pdeathsig=TERM", *argv]  # when we are killed
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as said:
        process = subprocess.Popen(
            argv,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            encoding="utf-8",
            start_new_session=True,
        )
        try:
            deadline = time.monotonic() + LOGIN_SECONDS
            while not path.exists():  # ssh makes it when the login is done
                if process.poll() is not None or time.monotonic() > deadline:
                    said.seek(0)
                    raise EngineError(
                        f"{parts.hostname} cannot be reached by ssh",
                        details="\n".join(said.read().splitlines()[-5:]),
                        resolution=f"`ssh ssh://{parts.netloc}` must work without a question; "
                        "CONTAINER_SSHKEY names a key",
                    )
                time.sleep(0.01)  # a login has no event
            yield
        finally:
            command.end_group(process, grace=5.0)
            with suppress(FileNotFoundError):
                path.unlink()


def tunnel_argv(service: SplitResult, path: Path, key: str | None) -> list[str]:
    """The ssh that forwards, and does nothing else."""
    options = ["BatchMode=yes", "ExitOnForwardFailure=yes", f"ConnectTimeout={LOGIN_SECONDS}"]
    user = f"{service.username}@" if service.username else ""
    return [
        "ssh",
        "-NT",
        *(word for option in options for word in ("-o", option)),
        *(["-i", key] if key else []),
        *(["-p", str(service.port)] if service.port else []),
        *("-L", f"{path}:{service.path}"),
        "--",
        f"{user}{service.hostname}",
    ]
