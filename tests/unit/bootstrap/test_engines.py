"""Roots of other engines: what they are made of, and who is let in."""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from pipeline.bootstrap import engine_server, engines
from pipeline.bootstrap.engines import ENGINES, Engine

PODMAN6 = next(engine for engine in ENGINES if engine.name == "podman6")


def test_a_root_is_made_of_signed_lists_whatever_their_age() -> None:
    argv = engines.making_argv(PODMAN6, "http://mirror/debian", "/place")
    assert argv[0] == "mmdebstrap"
    options = "[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg check-valid-until=no]"
    assert argv[-4:] == [
        "forky",
        "/place",
        f"deb {options} http://mirror/debian forky main",
        f"deb {options} http://mirror/debian experimental main",
    ]
    (included,) = [word for word in argv if word.startswith("--include=")]
    assert included.startswith("--include=podman/experimental,buildah/experimental,")
    assert "allow-unauthenticated" not in " ".join(argv)


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        (["test"], ""),
        (["test", "--on", "forky"], "forky"),
        (["test", "--on=podman6", "--part", "unit"], "podman6"),
        (["test", "--on"], ""),
    ],
)
def test_what_is_asked_for(arguments: Sequence[str], name: str) -> None:
    assert engines.wanted(arguments) == name


@pytest.mark.parametrize(
    ("name", "machine", "entered"),
    [
        ("", "debian12", []),
        ("debian12", "debian12", []),
        ("debian12", "debian13", ["debian12"]),
        ("all", "debian12", ["debian13", "forky", "podman6"]),
        ("all", "", ["debian12", "debian13", "forky", "podman6"]),
        ("nonsense", "debian12", []),
    ],
)
def test_no_root_is_needed_for_the_machine_itself(
    name: str, machine: str, entered: list[str]
) -> None:
    assert [engine.name for engine in engines.to_enter(name, machine)] == entered


def test_the_machine_by_its_os_release() -> None:
    assert engines.here({"ID": "debian", "VERSION_ID": "12"}) == "debian12"
    assert engines.here({"ID": "ubuntu", "VERSION_ID": "12"}) == ""
    assert engines.here({}) == ""


def test_the_archive_is_the_one_that_apt_uses() -> None:
    listing = "Debian-Security main http://s/\nDebian contrib http://c/\nDebian main http://m/d/\n"
    assert engines.mirror_of(listing) == "http://m/d"
    assert engines.mirror_of("Ubuntu main http://u/\n") == ""


def test_another_state_of_the_archive_is_another_root() -> None:
    first = engines.key_of(PODMAN6, [b"a", b"b"])
    assert first == engines.key_of(PODMAN6, [b"a", b"b"])
    others = {
        engines.key_of(PODMAN6, [b"a", b"c"]),
        engines.key_of(PODMAN6, [b"ab", b""]),
        engines.key_of(PODMAN6, [b"a", b"b"], "a certificate"),
        engines.key_of(Engine("podman6", "forky"), [b"a", b"b"]),
    }
    assert first not in others
    assert len(others) == 4


@pytest.fixture
def server(tmp_path: Path) -> str:
    """The address of a server that answers us."""
    address = str(tmp_path / "server")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(address)
    listener.listen()
    answers = (listener.detach(), os.getuid())
    threading.Thread(target=engine_server.serve, args=answers, daemon=True).start()
    return address


def ask(address: str, argv: Sequence[str], out: int, **more: str) -> str:
    with socket.socket(socket.AF_UNIX) as client, Path(os.devnull).open() as nothing:
        client.settimeout(20)
        client.connect(address)
        socket.send_fds(client, [b"\0"], [nothing.fileno(), out, out])
        request = {"argv": [*argv], "cwd": "/", "environment": more}
        client.sendall(json.dumps(request).encode() + b"\n")
        with client.makefile() as answer:
            return answer.readline()


def test_the_server_runs_what_is_asked_on_the_callers_streams(server: str, tmp_path: Path) -> None:
    with (tmp_path / "out").open("wb") as out:
        said = ask(server, ["sh", "-c", 'echo "$WORD"; exit 3'], out.fileno(), WORD="hello")
        assert said == "3\n"
        assert ask(server, ["/nowhere"], out.fileno()) == "127\n"
    assert (tmp_path / "out").read_text().startswith("hello\nerror: ")


def test_what_nobody_waits_for_any_more_is_ended(server: str, tmp_path: Path) -> None:
    read, write = os.pipe()
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(server)
        socket.send_fds(client, [b"\0"], [write, write, write])
        request = {"argv": ["sh", "-c", "echo up; sleep 600"], "cwd": "/", "environment": {}}
        client.sendall(json.dumps(request).encode() + b"\n")
        os.close(write)
        assert os.read(read, 10) == b"up\n"
    assert os.read(read, 10) == b""  # nobody has the other end any more
    os.close(read)


def test_the_server_lets_nobody_else_in(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX)
    with ours:
        engine_server._answer(theirs, os.getuid() + 1)
        assert ours.recv(1) == b""
