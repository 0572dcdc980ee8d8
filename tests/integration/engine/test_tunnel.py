"""A service on "another machine": an sshd of our own on the loopback, and a deploy through it."""

from __future__ import annotations

import getpass
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipeline.engine import command
from pipeline.engine.mutex import mutex
from tests.integration.conftest import CHECKOUT, Capas
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
    """A login that may do everything."""
    with logins(tmp_path) as made:
        yield made


@contextmanager
def logins(tmp_path: Path, more: str = "") -> Iterator[Elsewhere]:
    """An sshd that lets in nobody but us, and an ssh that knows it.

    Args:
        more: lines of the sshd's configuration.
    """
    address = free_address()
    host, _, port = address.partition(":")
    for name in ("host", "key"):
        argv = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / name)]
        command.run(argv)
    public = (tmp_path / "host.pub").read_text()
    (tmp_path / "known").write_text(f"[{host}]:{port} {public}")
    (tmp_path / "config").write_text(
        f"Port {port}\nListenAddress {host}\nHostKey {tmp_path}/host\nPidFile none\n"
        f"AuthorizedKeysFile {tmp_path}/key.pub\nStrictModes no\nUsePAM no\n{more}"
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


def test_a_deploy_works_through_ssh_and_leaves_no_ssh_behind(
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


def test_a_deploy_from_elsewhere_waits_for_one_that_was_begun_there(
    service: str, small_base: str, capas: Capas, tmp_path: Path, environment: Mapping[str, str]
) -> None:
    spec = tmp_path / "elsewhere.toml"
    spec.write_text(SPEC.format())
    # Sockets are made here, and a path of theirs has 107 bytes at most (unix(7)).
    there, here = tmp_path / "there", Path(environment["XDG_RUNTIME_DIR"], "h")
    here.mkdir(mode=0o700)
    there.mkdir(mode=0o700)
    with logins(tmp_path, f"SetEnv XDG_RUNTIME_DIR={there}\n") as login:
        named = f"{login.uri}{service.removeprefix('unix://')}"
        variables = {**login.variables, "CONTAINER_HOST": named, "XDG_RUNTIME_DIR": str(here)}
        waited: list[str] = []
        with mutex("elsewhere", {"XDG_RUNTIME_DIR": str(there)}, waited.append):
            work = subprocess.Popen(
                [sys.executable, "-m", "pipeline", "deploy", f"--spec={spec}"],
                cwd=tmp_path,
                env={**environment, "PYTHONPATH": str(CHECKOUT), **variables},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
            )
            assert work.stderr is not None
            waiting = f"waiting for another command on elsewhere: process {os.getpid()}"
            said = ""
            while waiting not in said:  # it goes no further, however long it takes to come here
                line = work.stderr.readline()
                assert line, said
                said += line
            assert work.poll() is None
        _, rest = work.communicate(timeout=120)
        assert work.returncode == 0, said + rest
        assert not list(here.rglob("*.mutex"))
        capas("down", f"--spec={spec}", cwd=tmp_path, check=True, **variables)


SERVES = """
name = "asked"
[services.front]
image = "localhost/capas-test-base:1"
command = ["python3", "-m", "http.server", "5000"]
ports = ["5000"]
healthcheck = { http = ":5000/", interval = "200ms", retries = 50 }
[services.inner]
image = "localhost/capas-test-base:1"
command = ["python3", "-m", "http.server", "5000"]
healthcheck = { http = ":5000/", interval = "200ms", retries = 50 }
[services.raw]
image = "localhost/capas-test-base:1"
command = ["python3", "-m", "http.server", "5432"]
healthcheck = { tcp = 5432, interval = "200ms", retries = 50 }
"""


def test_checks_are_asked_on_the_machine_itself(
    elsewhere: Elsewhere, service: str, small_base: str, capas: Capas, tmp_path: Path
) -> None:
    spec = tmp_path / "asked.toml"
    spec.write_text(SERVES)
    variables = {
        **elsewhere.variables,
        "CONTAINER_HOST": f"{elsewhere.uri}{service.removeprefix('unix://')}",
    }

    def run(*words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        return capas(words[0], f"--spec={spec}", *words[1:], cwd=tmp_path, check=check, **variables)

    try:
        run("deploy")
        rows = json.loads(run("status", "--format=json").stdout)["containers"]
        assert [(row["health"], row["machine"]) for row in rows] == [("healthy", "127.0.0.1")] * 3
        assert [row["probe"].partition(" ")[0] for row in rows] == ["GET", "GET", "connect"]
        assert "opens http://127.0.0.1:" in run("status").stdout
        assert run("exec", "raw", "--", "echo", "inside").stdout == "inside\n"
        assert run("stats").stdout.count(" MB") == 3

        silent = SERVES.replace('"5432"]', '"5433"]').replace(":5000/", ":5000/none")
        spec.write_text(silent.replace("retries = 50", "retries = 2"))
        failed = run("deploy", check=False)
        assert failed.returncode == 1
        assert "connect :5432: Connection refused" in failed.stderr
        rows = json.loads(run("status", "--format=json").stdout)["containers"]
        assert [row["health"] for row in rows] == ["unhealthy", "unhealthy", "healthy"]
        assert all("404 File not found" in row["probe"] for row in rows[:2])
    finally:
        run("down")


def test_a_login_that_runs_no_command_is_reported_before_anything_starts(
    service: str, small_base: str, capas: Capas, tmp_path: Path
) -> None:
    spec = tmp_path / "asked.toml"
    spec.write_text(SERVES)
    with logins(tmp_path, "MaxSessions 0\n") as narrow:
        named = f"{narrow.uri}{service.removeprefix('unix://')}"
        variables = {**narrow.variables, "CONTAINER_HOST": named}

        def run(*words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
            return capas(*words, f"--spec={spec}", cwd=tmp_path, check=check, **variables)

        for words in (("deploy", "--dry-run"), ("deploy",)):
            done = run(*words, check=False)
            assert done.returncode == 4
            assert "the health check of front cannot run on 127.0.0.1" in done.stderr
            assert "`test` check, which runs inside the container" in done.stderr
        assert "Nothing is deployed" in run("status").stdout
        assert "nothing but the API can be asked" in run("deploy", "--dry-run", "--no-wait").stderr


def test_a_login_or_a_service_that_fails_is_reported_at_once(
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
