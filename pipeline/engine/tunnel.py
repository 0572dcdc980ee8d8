"""A service on another machine: one ssh that forwards its socket, for the time of a command.

It takes commands for that machine, too (`machine.py`): nobody logs in twice.

The user's own ssh decides as it does for every login: its configuration, known hosts and agent
count. Nothing is asked on the terminal.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from pipeline.engine.background import BackgroundProcess, background_process
from pipeline.engine.programs import find_program
from pipeline.engine.remote_host import FAR_SCHEME, control_socket
from pipeline.errors import HostUnsupported, UsageError

LOGIN_SECONDS = 20
_END_SECONDS = 2.0


@contextmanager
def tunnel(uri: str, path: Path, environment: Mapping[str, str]) -> Iterator[str]:
    """Let a socket here lead to a service's socket there: its URI; it ends with the block.

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
    if find_program("ssh", path=environment.get("PATH")) is None:
        raise HostUnsupported("ssh is not installed", details=f"CONTAINER_HOST is {uri}")
    ssh = BackgroundProcess(
        argv=tunnel_argv(parts, path, environment.get("CONTAINER_SSHKEY")),
        path=path,
        # ssh makes both when the login is done
        ready=lambda made: made.exists() and control_socket(made).exists(),
        seconds=LOGIN_SECONDS,
        when_killed="TERM",
        grace=_END_SECONDS,
        brief=f"{parts.hostname} cannot be reached by ssh",
        resolution=f"`ssh ssh://{parts.netloc}` must work without a question; "
        "CONTAINER_SSHKEY names a key",
    )
    try:
        with background_process(ssh, environment):
            yield f"{FAR_SCHEME}://{parts.netloc}{path}"
    finally:
        control_socket(path).unlink(missing_ok=True)


def tunnel_argv(service: SplitResult, path: Path, key: str | None) -> list[str]:
    """The ssh that forwards, and does nothing else."""
    options = [
        "BatchMode=yes",
        "ExitOnForwardFailure=yes",
        f"ConnectTimeout={LOGIN_SECONDS}",
        "ServerAliveInterval=15",  # a network that is gone must not be waited for
        "ControlMaster=yes",
        f"ControlPath={control_socket(path)}",
        "ControlPersist=no",
    ]
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
