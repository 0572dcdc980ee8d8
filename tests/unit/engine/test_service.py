from __future__ import annotations

import os
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.engine.service import (
    MONITORS,
    answers,
    api_service,
    has_settings,
    same_settings,
    usual_socket,
)
from pipeline.errors import EngineError, HostUnsupported

THEIRS = {name: value for name, value in os.environ.items() if name != "CONTAINER_HOST"}


@pytest.fixture
def listening(tmp_path: Path) -> Iterator[socket.socket]:
    """A socket of this very process."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
        server.bind(str(tmp_path / "a.sock"))
        server.listen()
        yield server


def _reply_once(server: socket.socket, reply: bytes) -> threading.Thread:
    def serve() -> None:
        client, _ = server.accept()
        with client:
            client.recv(1000)
            client.sendall(reply)

    thread = threading.Thread(target=serve)
    thread.start()
    return thread


@pytest.mark.parametrize(
    ("reply", "expected"),
    [(b"HTTP/1.1 200 OK\r\n\r\nOK", True), (b"HTTP/1.1 500 No\r\n\r\n", False), (b"", False)],
)
def test_only_a_good_reply_is_an_answer(
    listening: socket.socket, reply: bytes, expected: bool
) -> None:
    thread = _reply_once(listening, reply)
    assert answers(Path(listening.getsockname())) is expected
    thread.join()


def test_a_socket_without_a_listener_does_not_answer(tmp_path: Path) -> None:
    assert not answers(tmp_path / "missing.sock")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
        server.bind(str(tmp_path / "stale.sock"))
    assert not answers(tmp_path / "stale.sock")
    assert not has_settings(tmp_path / "stale.sock", THEIRS)


def test_a_listener_with_the_same_variables_has_our_settings(listening: socket.socket) -> None:
    path = Path(listening.getsockname())
    start = dict(
        word.partition("=")[::2]
        for word in Path("/proc/self/environ").read_text().split("\0")
        if word
    )
    assert has_settings(path, start)
    assert not has_settings(path, {**start, "CONTAINERS_CONF": "/another"})
    assert not has_settings(path, {**start, "XDG_DATA_HOME": "/another"})
    assert has_settings(path, {**start, "UNRELATED": "1"})
    assert has_settings(path, {**start, "CONTAINERS_CONF_OVERRIDE": f"/run/{MONITORS}-0a.conf"})
    assert not has_settings(path, {**start, "CONTAINERS_CONF_OVERRIDE": "/run/containers-0a.conf"})


def test_how_long_monitors_stay_makes_no_other_settings() -> None:
    bounded = {"CONTAINERS_CONF_OVERRIDE": f"/run/{MONITORS}-0a.conf"}
    assert same_settings(bounded, {})
    assert same_settings({}, bounded)
    assert same_settings(bounded, {"CONTAINERS_CONF_OVERRIDE": f"/run/{MONITORS}-0b.conf"})
    assert not same_settings(bounded, {"CONTAINERS_CONF_OVERRIDE": "/run/other.conf"})
    assert not same_settings({"CONTAINERS_CONF_OVERRIDE": "/run/other.conf"}, bounded)


def test_a_named_service_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    environment = {"CONTAINER_HOST": f"unix://{tmp_path}/none.sock"}
    with (
        pytest.raises(EngineError, match="no Podman API service answers"),
        api_service(environment),
    ):
        pytest.fail("there is no service")


def test_a_service_on_another_port_is_taken_at_its_word() -> None:
    with api_service({"CONTAINER_HOST": "tcp://127.0.0.1:8888"}) as uri:
        assert uri == "tcp://127.0.0.1:8888"


def test_without_podman_the_host_is_unable(tmp_path: Path) -> None:
    environment = {"PATH": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)}
    with pytest.raises(HostUnsupported, match="podman is not installed"), api_service(environment):
        pytest.fail("there is no podman")


def test_a_podman_that_fails_is_quoted_and_leaves_nothing(tmp_path: Path) -> None:
    program = tmp_path / "bin" / "podman"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho 'no room on this host' >&2\nexit 125\n")
    program.chmod(0o755)
    runtime = tmp_path / "run"
    runtime.mkdir()
    environment = {"PATH": f"{program.parent}:/usr/bin:/bin", "XDG_RUNTIME_DIR": str(runtime)}
    with pytest.raises(EngineError) as caught, api_service(environment):
        pytest.fail("it cannot start")
    assert "no room on this host" in caught.value.details
    assert list(runtime.iterdir()) == []


def test_a_socket_of_a_killed_owner_is_swept(tmp_path: Path) -> None:
    dead = subprocess.Popen(["true"])
    dead.wait()
    ours, theirs = tmp_path / f"capas-{os.getpid()}-a.sock", tmp_path / f"capas-{dead.pid}-a.sock"
    for path in (ours, theirs):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
            server.bind(str(path))
    environment = {"PATH": "/nonexistent:/bin:/usr/bin", "XDG_RUNTIME_DIR": str(tmp_path)}
    from pipeline.engine import service

    service._sweep(Path(environment["XDG_RUNTIME_DIR"]))
    assert ours.exists()
    assert not theirs.exists()


def test_the_usual_socket_is_in_the_runtime_folder() -> None:
    assert usual_socket({"XDG_RUNTIME_DIR": "/run/user/7"}) == Path(
        "/run/user/7/podman/podman.sock"
    )
    assert usual_socket({}) is None
