"""The Podman API service: the user's own where it has our settings, else a private one.

Sockets are looked for in Podman's own order: `CONTAINER_HOST`, then
`$XDG_RUNTIME_DIR/podman/podman.sock` (podman-system-service(1)). A private service lives as long
as we do, even when we are killed: the kernel tells it then (PR_SET_PDEATHSIG of prctl(2), through
setpriv(1)). What slips through (we are killed in the milliseconds before it listens, or setpriv
is missing) ends by its idle time, and the next command sweeps a socket that was left.
"""

from __future__ import annotations

import os
import secrets
import socket
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from pipeline.engine import pause_process
from pipeline.engine.background import BackgroundProcess, background_process
from pipeline.engine.own_folder import own_folder
from pipeline.engine.podman_socket import peer, socket_path
from pipeline.engine.programs import find_program
from pipeline.engine.remote_host import control_socket
from pipeline.engine.tunnel import tunnel
from pipeline.errors import EngineError, HostUnsupported

START_DEADLINE = 20.0
_ANSWER_SECONDS = 5.0
_END_SECONDS = 0.5
"""It ends in milliseconds when it has nothing to do; otherwise it would wait for its clients."""
_IDLE_SECONDS = 600
"""Longer than any build that keeps us from asking; the bound of what a killed parent leaves."""

_SETTINGS = (
    "CONTAINERS_CONF",
    "CONTAINERS_CONF_OVERRIDE",
    "CONTAINERS_REGISTRIES_CONF",
    "CONTAINERS_STORAGE_CONF",
    "HOME",
    "STORAGE_DRIVER",
    "STORAGE_OPTS",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
)
"""What decides which store, runtime and registries a service uses."""

MONITORS = "monitors"
"""What the name of a file of settings begins with that only bounds the life of probes' monitors:
a service without it has our settings all the same."""


@contextmanager
def api_service(environment: Mapping[str, str]) -> Iterator[str]:
    """The URI of a running API service; one that we started ends with the block.

    To be entered by a thread that lives as long as the block: the kernel counts the end of the
    thread that started a process as the death of its parent.

    Args:
        environment: what the service runs with (the host profile's).

    Raises:
        EngineError: `CONTAINER_HOST` names a service that does not answer, or ours did not start.
        HostUnable: podman is not installed.
    """
    if host := environment.get("CONTAINER_HOST"):
        with _named_service(host, environment) as uri:
            yield uri
        return
    usual = usual_socket(environment)
    if usual and has_settings(usual, environment) and answers(usual):
        yield f"unix://{usual}"
        return
    with _private_service(environment) as path:
        yield f"unix://{path}"


@contextmanager
def _named_service(host: str, environment: Mapping[str, str]) -> Iterator[str]:
    """The service that CONTAINER_HOST names; one elsewhere by a socket here.

    Raises:
        EngineError: it does not answer.
    """
    with ExitStack() as stack:
        uri = host
        if host.startswith("ssh://"):
            uri = stack.enter_context(tunnel(host, _new_socket(environment), environment))
        path = socket_path(uri)
        if path is not None and not answers(path):
            raise EngineError(
                f"no Podman API service answers at {host}",
                details="CONTAINER_HOST names it",
                resolution="start it (`podman system service`), or unset CONTAINER_HOST",
            )
        yield uri


def usual_socket(environment: Mapping[str, str]) -> Path | None:
    """Where a user's own API service listens, or None without a runtime directory."""
    runtime = environment.get("XDG_RUNTIME_DIR")
    return Path(runtime, "podman", "podman.sock") if runtime else None


def has_settings(path: Path, environment: Mapping[str, str]) -> bool:
    """Whether whoever listens on a socket was started with the settings of `environment`.

    Another store or runtime behind the same user's socket would not see what we build. The
    kernel names the process that listens (systemd's user manager when the socket is one of its
    units); its variables, and its options before `system`, must say what ours say. What cannot
    be read counts as different.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(_ANSWER_SECONDS)
        try:
            client.connect(str(path))
            process = Path("/proc", str(peer(client)))
            words = (process / "cmdline").read_bytes().split(b"\0")
            variables = (process / "environ").read_bytes().split(b"\0")
        except OSError:
            return False
    theirs = dict(os.fsdecode(word).partition("=")[::2] for word in variables)
    plain = not Path(os.fsdecode(words[0])).name.startswith("podman") or words[1:2] == [b"system"]
    return plain and same_settings(theirs, environment)


def same_settings(one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    """Whether two environments name the same settings, but for how long monitors stay."""
    return all(_setting(one, name) == _setting(other, name) for name in _SETTINGS)


def _setting(environment: Mapping[str, str], name: str) -> str | None:
    value = environment.get(name)
    return None if value and Path(value).name.startswith(f"{MONITORS}-") else value


def answers(path: Path) -> bool:
    """Whether an API service on this socket answers a ping."""
    request = b"GET /_ping HTTP/1.1\r\nHost: d\r\nConnection: close\r\n\r\n"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(_ANSWER_SECONDS)
        try:
            client.connect(str(path))
            client.sendall(request)
            return client.recv(64).startswith(b"HTTP/1.1 200")
        except OSError:
            return False


@contextmanager
def _private_service(environment: Mapping[str, str]) -> Iterator[Path]:
    if find_program("podman", path=environment.get("PATH")) is None:
        raise HostUnsupported(
            "podman is not installed", resolution="`capas doctor` says how to install it"
        )
    path = _new_socket(environment)
    with ExitStack() as stack:
        try:
            stack.enter_context(background_process(_service_on(path), environment))
        except EngineError as error:
            if not pause_process.is_refusal(error.details):
                raise
            from pipeline.output.terminal import print_note  # noqa: PLC0415 (hardly ever needed)

            if done := pause_process.mend(environment, _socket_folder(environment)):
                print_note(done)
            stack.enter_context(background_process(_service_on(path), environment))
        yield path


def _service_on(path: Path) -> BackgroundProcess:
    return BackgroundProcess(
        argv=["podman", "system", "service", f"--time={_IDLE_SECONDS}", f"unix://{path}"],
        path=path,
        ready=answers,
        seconds=START_DEADLINE,
        # On SIGTERM in the middle of a start Podman 4.3 can wait for itself for ever, with the
        # container's lock in its hands; a lock of a killed process is free.
        when_killed="KILL",
        grace=_END_SECONDS,
        brief="the Podman API service did not start",
        resolution="`capas doctor` examines this host",
    )


def _new_socket(environment: Mapping[str, str]) -> Path:
    folder = _socket_folder(environment)
    _sweep(folder)
    return folder / f"capas-{os.getpid()}-{secrets.token_hex(4)}.sock"


def _socket_folder(environment: Mapping[str, str]) -> Path:
    """The runtime folder; without one, a folder below /tmp that nobody else can have laid.

    Raises:
        HostUnsupported: there can be no such folder.
    """
    if runtime := environment.get("XDG_RUNTIME_DIR"):
        return Path(runtime)
    use = "without XDG_RUNTIME_DIR the socket of the API service is there"
    return own_folder(Path(tempfile.gettempdir()), use)


def _sweep(folder: Path) -> None:
    """Remove sockets whose owner and whose service were both killed before they could."""
    for path in folder.glob("capas-*-*.sock"):
        owner = path.name.split("-")[1]
        if not Path("/proc", owner).exists() and not answers(path):
            path.unlink(missing_ok=True)
            control_socket(path).unlink(missing_ok=True)
