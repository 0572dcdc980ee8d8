"""The API service on real Podman: nothing of it is left, however we end."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from pipeline.engine import command
from pipeline.engine.podman import PodmanReader
from pipeline.engine.podman_socket import API, socket_path
from pipeline.engine.process_group import end_group
from pipeline.engine.service import answers, api_service, usual_socket

pytestmark = pytest.mark.integration

CHECKOUT = Path(__file__).parents[3]
HOLD = """
import os, sys, time
from pipeline.engine.service import api_service
with api_service(os.environ) as uri:
    print(uri, flush=True)
    time.sleep(600)
"""


def eventually(condition: Callable[[], bool], seconds: float = 10.0) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def services_on(path: Path) -> list[int]:
    """The living processes of the service on a socket."""
    return [
        int(process.name)
        for process in Path("/proc").iterdir()
        if process.name.isdigit() and str(path).encode() in _command_line(process)
    ]


def _command_line(process: Path) -> bytes:
    try:
        return (process / "cmdline").read_bytes()
    except OSError:  # it ended meanwhile
        return b""


def sockets(environment: Mapping[str, str]) -> list[Path]:
    return list(Path(environment["XDG_RUNTIME_DIR"]).glob("capas-*.sock"))


@contextmanager
def holder(environment: Mapping[str, str]) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """Another process of ours that uses a service, and that service's socket."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD],
        env={**environment, "PYTHONPATH": str(CHECKOUT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            assert process.stdout is not None
            yield process, Path(process.stdout.readline().strip().removeprefix("unix://"))
        finally:
            process.kill()


def test_a_service_serves_and_leaves_nothing(environment: Mapping[str, str]) -> None:
    before = set(sockets(environment))  # of killed commands of other tests: swept meanwhile
    with api_service(environment) as uri, PodmanReader(uri) as reader:
        path = Path(uri.removeprefix("unix://"))
        assert reader.info().driver == "overlay"
        assert services_on(path)
    assert eventually(lambda: not services_on(path))
    assert set(sockets(environment)) <= before


def test_two_commands_do_not_disturb_each_other(environment: Mapping[str, str]) -> None:
    with holder(environment) as (_, path):
        with api_service(environment) as uri:
            assert uri != f"unix://{path}"
            assert answers(path)
        assert answers(path)


def test_a_killed_command_takes_its_service_along(environment: Mapping[str, str]) -> None:
    with holder(environment) as (process, path):
        assert answers(path)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert eventually(lambda: not services_on(path))
    with api_service(environment):
        assert path not in sockets(environment)


def test_a_container_outlives_the_service_that_started_it(
    environment: Mapping[str, str], small_base: str, label: str
) -> None:
    container = None
    try:
        with holder(environment) as (process, path):
            run = ["podman", "--remote", f"--url=unix://{path}", "run", "--detach"]
            argv = [*run, f"--label={label}", small_base, "sleep", "600"]
            container = command.run(argv, environment=environment).stdout.strip()
            process.send_signal(signal.SIGKILL)
            process.wait()
        with api_service(environment) as uri, PodmanReader(uri) as reader:
            told = reader.container(container)
            assert told is not None
            assert told.status == "running"
    finally:
        if container:
            command.run(["podman", "rm", "--force", "--time=0", container], environment=environment)


@contextmanager
def users_service(environment: Mapping[str, str]) -> Iterator[Path]:
    """What `systemctl --user start podman` would run."""
    path = usual_socket(environment)
    assert path is not None
    path.parent.mkdir(exist_ok=True)
    process = subprocess.Popen(
        ["podman", "system", "service", "--time=0", f"unix://{path}"],
        env=dict(environment),
        start_new_session=True,
        text=True,
    )
    try:
        assert eventually(lambda: answers(path))
        yield path
    finally:
        end_group(process)
        path.unlink(missing_ok=True)


def test_the_users_service_is_used_if_it_has_our_settings(
    environment: Mapping[str, str],
) -> None:
    with users_service(environment) as path, api_service(environment) as uri:
        assert uri == f"unix://{path}"


def test_the_users_service_is_left_alone_if_it_has_other_settings(
    environment: Mapping[str, str], tmp_path: Path
) -> None:
    other = tmp_path / "containers.conf"
    ours = environment.get("CONTAINERS_CONF")  # none where the engine's own settings are right
    other.write_text((Path(ours).read_text() if ours else "") + "\n")
    theirs = {**environment, "CONTAINERS_CONF": str(other)}
    with users_service(theirs) as path, api_service(environment) as uri:
        assert uri != f"unix://{path}"
        assert answers(path)


def test_the_api_that_is_spoken_is_one_that_this_engine_accepts(service: str) -> None:
    """The day that an engine ends it, this is red, and `podman_socket.API` has to move."""
    path = socket_path(service)
    assert path is not None
    asked = [f"{API}/info", "/version"]
    told = []
    for address in asked:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(30)
            client.connect(str(path))
            client.sendall(
                f"GET {address} HTTP/1.1\r\nHost: d\r\nConnection: close\r\n\r\n".encode()
            )
            with client.makefile("rb") as stream:
                told.append(stream.read())
    assert told[0].startswith(b"HTTP/1.1 200"), told[0][:300]
    found = re.search(rb'"MinAPIVersion":"(\d+)\.(\d+)', told[1].split(b"Podman Engine", 1)[1])
    assert found is not None
    spoken = tuple(map(int, API.split("/")[1].lstrip("v").split(".")[:2]))
    assert tuple(map(int, found.groups())) <= spoken


def test_the_version_is_the_engines_own(service: str, environment: Mapping[str, str]) -> None:
    argv = ["podman", "version", "--format={{.Client.Version}}"]
    with PodmanReader(service) as reader:
        assert reader.version() == command.run(argv, environment=environment).stdout.strip()
