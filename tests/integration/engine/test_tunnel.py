"""A service on "another machine": an sshd of our own on the loopback, and a deploy through it."""

from __future__ import annotations

import getpass
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipeline.engine import command
from tests.integration.conftest import Capas
from tests.integration.registry import free_address, listens

pytestmark = pytest.mark.integration

SPEC = """
name = "elsewhere"
[services.web]
image = "localhost/capas-test-base:1"
command = ["sleep", "600"]
healthcheck = {{ test = ["true"], interval = "200ms" }}
"""


@dataclass(frozen=True)
class Elsewhere:
    """A login.

    Attributes:
        uri: all of a service's but its socket.
        variables: with which ssh knows the host, and us.
    """

    uri: str
    variables: dict[str, str]


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Elsewhere]:
    """An sshd that lets in nobody but us, and an ssh that knows it."""
    address = free_address()
    host, _, port = address.partition(":")
    for name in ("host", "key"):
        argv = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / name)]
        command.run(argv)
    public = (tmp_path / "host.pub").read_text()
    (tmp_path / "known").write_text(f"[{host}]:{port} {public}")
    (tmp_path / "config").write_text(
        f"Port {port}\nListenAddress {host}\nHostKey {tmp_path}/host\nPidFile none\n"
        f"AuthorizedKeysFile {tmp_path}/key.pub\nStrictModes no\nUsePAM no\n"
    )
    tools = tmp_path / "tools"
    tools.mkdir()
    ours = tools / "ssh"  # a user has this in ~/.ssh/config
    options = f"-F none -o UserKnownHostsFile={tmp_path}/known"
    ours.write_text(f'#!/bin/sh\nexec {shutil.which("ssh")} {options} "$@"\n')
    ours.chmod(0o755)
    server = shutil.which("sshd", path="/usr/sbin:/usr/local/sbin:/usr/bin")
    assert server is not None
    with subprocess.Popen([server, "-D", "-e", "-f", str(tmp_path / "config")]) as sshd:
        try:
            listens(address)
            variables = {
                "PATH": f"{tools}:{os.environ['PATH']}",
                "CONTAINER_SSHKEY": str(tmp_path / "key"),
            }
            yield Elsewhere(f"ssh://{getpass.getuser()}@{address}", variables)
        finally:
            sshd.terminate()


def test_a_deploy_must_work_through_ssh_and_leave_no_ssh_behind(
    elsewhere: Elsewhere, service: str, small_base: str, capas: Capas, tmp_path: Path
) -> None:
    spec = tmp_path / "elsewhere.toml"
    spec.write_text(SPEC.format())
    named = f"{elsewhere.uri}{service.removeprefix('unix://')}"
    variables = {**elsewhere.variables, "CONTAINER_HOST": named}
    for task in ("deploy", "status", "down"):
        done = capas(task, f"--spec={spec}", cwd=tmp_path, check=True, **variables)
        if task != "down":
            assert "elsewhere-web-1" in done.stdout
            assert "healthy" in done.stdout
    assert forwarding(str(tmp_path)) == []


def test_a_login_or_a_service_that_fails_must_be_told_at_once(
    elsewhere: Elsewhere, capas: Capas, tmp_path: Path
) -> None:
    spec = tmp_path / "elsewhere.toml"
    spec.write_text(SPEC.format())

    def told(**changed: str) -> str:
        variables = {**elsewhere.variables, **changed}
        done = capas("status", f"--spec={spec}", cwd=tmp_path, check=False, **variables)
        assert done.returncode == 1
        return done.stderr

    nobody = told(CONTAINER_HOST=f"{elsewhere.uri}/nowhere.sock")
    assert "no Podman API service answers at ssh://" in nobody
    command.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / "other")])
    closed = told(
        CONTAINER_HOST=f"{elsewhere.uri}/nowhere.sock", CONTAINER_SSHKEY=str(tmp_path / "other")
    )
    assert "cannot be reached by ssh" in closed
    assert "Permission denied" in closed
    assert forwarding(str(tmp_path)) == []


def forwarding(word: str) -> list[str]:
    """The processes of ssh that still forward, by a word in their command lines."""
    found = command.run(["ps", "-u", str(os.getuid()), "-o", "args="]).stdout.splitlines()
    return [line for line in found if "-NT" in line and word in line]
