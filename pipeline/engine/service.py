"""The Podman API service: found where the user has one, else started on a private socket.

Sockets are looked for in Podman's own order: `CONTAINER_HOST`, then
`$XDG_RUNTIME_DIR/podman/podman.sock` (podman-system-service(1)).
"""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from pipeline.engine import command
from pipeline.errors import EngineError, HostUnable

START_DEADLINE = 20.0
_IDLE_SECONDS = 600
"""A private service that lost its parent ends by itself after this time without a request."""


@contextmanager
def api_service(environment: Mapping[str, str]) -> Iterator[str]:
    """The URI of a running API service; one that we started ends with the block.

    Args:
        environment: what the service runs with (the host profile's).

    Raises:
        EngineError: `CONTAINER_HOST` names a service that does not answer, or ours did not start.
        HostUnable: podman is not installed.
    """
    if host := environment.get("CONTAINER_HOST"):
        if host.startswith("unix://") and not _answers(Path(host.removeprefix("unix://"))):
            raise EngineError(
                f"no Podman API service answers at {host}",
                details="CONTAINER_HOST names it",
                resolution="start it (`podman system service`), or unset CONTAINER_HOST",
            )
        yield host
        return
    if (usual := usual_socket(environment)) and not _is_ours(environment) and _answers(usual):
        yield f"unix://{usual}"
        return
    with _private_service(environment) as path:
        yield f"unix://{path}"


def usual_socket(environment: Mapping[str, str]) -> Path | None:
    """Where a user's own API service listens, or None without a runtime directory."""
    runtime = environment.get("XDG_RUNTIME_DIR")
    return Path(runtime, "podman", "podman.sock") if runtime else None


def _is_ours(environment: Mapping[str, str]) -> bool:
    """Whether the environment names a store of its own, which the user's service does not see."""
    return "CONTAINERS_STORAGE_CONF" in environment and "CONTAINERS_CONF" in environment


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(5.0)
        try:
            client.connect(str(path))
        except OSError:
            return False
    return True


@contextmanager
def _private_service(environment: Mapping[str, str]) -> Iterator[Path]:
    folder = Path(environment.get("XDG_RUNTIME_DIR") or tempfile.gettempdir())
    path = folder / f"capas-{os.getpid()}-{secrets.token_hex(4)}.sock"
    argv = ["podman", "system", "service", f"--time={_IDLE_SECONDS}", f"unix://{path}"]
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as said:
        try:
            process = subprocess.Popen(
                argv,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                encoding="utf-8",
                start_new_session=True,
            )
        except FileNotFoundError:
            raise HostUnable(
                "podman is not installed", resolution="`capas doctor` says how to install it"
            ) from None
        try:
            deadline = time.monotonic() + START_DEADLINE
            while not _answers(path):
                if process.poll() is not None or time.monotonic() > deadline:
                    said.seek(0)
                    raise EngineError(
                        "the Podman API service did not start",
                        details="\n".join(said.read().splitlines()[-10:]),
                        resolution="`capas doctor` examines this host",
                    )
                time.sleep(0.005)  # a socket has no event for "now listening"
            yield path
        finally:
            command.end_group(process, grace=5.0)
            with suppress(FileNotFoundError):
                path.unlink()
