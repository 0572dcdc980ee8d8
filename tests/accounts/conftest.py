"""Two real accounts on one machine: the one that runs the tests, and a neighbour.

`./capas test`, called by root, makes the second account and names its socket in a variable:
a socket on which the second account runs what the first asks for, and nothing else.
"""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipeline.engine import command
from tests.integration.conftest import capas, environment, label, small_base, store
from tests.integration.storage import Store

__all__ = ["capas", "environment", "label", "small_base", "store"]

CHECKOUT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Neighbour:
    """The second account.

    Attributes:
        server: the socket on which it listens.
        environment: what its programs run with; `folder` is where it keeps its store.
        folder: its own folder, on a disk; nobody else can enter it.
    """

    server: Path
    environment: Mapping[str, str]
    folder: Path

    def run(
        self, argv: Sequence[str], *, check: bool = True, text: str = "", **variables: str
    ) -> command.Completed:
        """Run a program as the second account, on its own store."""
        done = ask(self.server, argv, {**self.environment, **variables}, text)
        if check and done.returncode != 0:
            raise command.failure(done)
        return done

    def capas(self, *arguments: str, check: bool = True) -> command.Completed:
        """Run capas as the second account."""
        return self.run(
            [sys.executable, "-m", "pipeline", *arguments], check=check, PYTHONPATH=str(CHECKOUT)
        )


def ask(
    server: Path, argv: Sequence[str], environment: Mapping[str, str], text: str = ""
) -> command.Completed:
    """Ask the second account to run a program."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(120)
        client.connect(str(server))
        with client.makefile("rw", encoding="utf-8") as stream:
            request = {"argv": [*argv], "environment": {**environment}, "stdin": text}
            stream.write(json.dumps(request) + "\n")
            stream.flush()
            answer = json.loads(stream.readline())
    return command.Completed(tuple(argv), answer["returncode"], answer["stdout"], answer["stderr"])


@pytest.fixture(scope="session")
def second(store: Store) -> Iterator[Neighbour]:
    """The second account with a store of its own, which is removed at the end."""
    named = store.environment.get("CONTAINERS_CONF")
    with _neighbour(
        "CAPAS_SECOND_ACCOUNT", store, Path(named).read_text() if named else ""
    ) as made:
        yield made


@pytest.fixture(scope="session")
def limited(store: Store) -> Iterator[Neighbour]:
    """The second account on a host that enforces limits (`limiting/enter-host`)."""
    runtime = Path(__file__).parent / "limiting" / "crun-with-v1-limits"
    conf = f'[engine]\nruntime = "limiting"\n[engine.runtimes]\nlimiting = ["{runtime}"]\n'
    with _neighbour("CAPAS_LIMITED_ACCOUNT", store, conf) as made:
        yield made


@contextmanager
def _neighbour(variable: str, store: Store, conf: str) -> Iterator[Neighbour]:
    """The second account, whose socket a variable names.

    Args:
        conf: its containers.conf; empty for none.
    """
    named = os.environ.get(variable)
    if not named:
        # Only root can make the second account; in CI a skipped test is a failure.
        pytest.skip("no second account: `./capas test` makes one when root calls it")
    server = Path(named)
    made = ask(server, ["mktemp", "-d", "/var/tmp/capas-tests-XXXXXX"], {})
    folder = Path(made.stdout.strip())
    runtime = ask(server, ["sh", "-c", 'mktemp -d "$XDG_RUNTIME_DIR/ct-XXXXXX"'], {})
    settings = ("STORAGE_DRIVER", "BUILDAH_ISOLATION")
    environment = {n: store.environment[n] for n in settings if n in store.environment}
    for what in ("cache", "config", "data", "state"):
        environment[f"XDG_{what.upper()}_HOME"] = str(folder / what)
    environment["XDG_RUNTIME_DIR"] = runtime.stdout.strip()
    if conf:
        path = folder / "containers.conf"
        ask(server, ["tee", str(path)], {}, conf)
        environment["CONTAINERS_CONF"] = str(path)
    neighbour = Neighbour(server, environment, folder)
    yield neighbour
    neighbour.run(["podman", "rm", "--all", "--force", "--time=0"])
    end = 'kill -9 "$(cat "$XDG_RUNTIME_DIR/libpod/tmp/pause.pid")"; '
    end += 'exec buildah unshare rm -rf "$0" "$XDG_RUNTIME_DIR"'
    neighbour.run(["sh", "-c", end, str(folder)])


@pytest.fixture(scope="session")
def base_of_both(second: Neighbour, small_base: str, environment: Mapping[str, str]) -> str:
    """An image that both have."""
    hand_over(small_base, environment, second)
    return small_base


def hand_over(image: str, environment: Mapping[str, str], neighbour: Neighbour) -> None:
    """Give the second account an image of the first one's."""
    archive = Path(f"/var/tmp/capas-tests-{os.getpid()}.tar")
    command.run(["podman", "save", f"--output={archive}", image], environment=environment)
    archive.chmod(0o644)
    try:
        neighbour.run(["podman", "load", f"--input={archive}"])
    finally:
        archive.unlink()
