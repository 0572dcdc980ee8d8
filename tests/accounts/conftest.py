"""Two real accounts on one machine: the one that runs the tests, and a neighbour.

`./capas test`, called by root, makes the second account and names its door in CAPAS_SECOND_DOOR:
a socket on which the second account runs what the first asks for, and nothing else.
"""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Iterator, Mapping, Sequence
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
        door: the socket on which it listens.
        environment: what its programs run with; `folder` is where it keeps its store.
        folder: its own folder, on a disk; nobody else can enter it.
    """

    door: Path
    environment: Mapping[str, str]
    folder: Path

    def run(
        self, argv: Sequence[str], *, check: bool = True, text: str = "", **variables: str
    ) -> command.Completed:
        """Run a program as the second account, on its own store."""
        done = ask(self.door, argv, {**self.environment, **variables}, text)
        if check and done.returncode != 0:
            raise command.failure(done)
        return done

    def capas(self, *arguments: str, check: bool = True) -> command.Completed:
        """Run capas as the second account."""
        return self.run(
            [sys.executable, "-m", "pipeline", *arguments], check=check, PYTHONPATH=str(CHECKOUT)
        )


def ask(
    door: Path, argv: Sequence[str], environment: Mapping[str, str], text: str = ""
) -> command.Completed:
    """Ask the second account to run a program."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(120)
        client.connect(str(door))
        with client.makefile("rw", encoding="utf-8") as stream:
            request = {"argv": [*argv], "environment": {**environment}, "stdin": text}
            stream.write(json.dumps(request) + "\n")
            stream.flush()
            answer = json.loads(stream.readline())
    return command.Completed(tuple(argv), answer["returncode"], answer["stdout"], answer["stderr"])


@pytest.fixture(scope="session")
def second(store: Store) -> Iterator[Neighbour]:
    """The second account with a store of its own, which is removed at the end."""
    named = os.environ.get("CAPAS_SECOND_DOOR")
    if not named:
        pytest.skip("no second account: `./capas test` makes one when root calls it")
    door = Path(named)
    made = ask(door, ["mktemp", "-d", "/var/tmp/capas-tests-XXXXXX"], {})
    folder = Path(made.stdout.strip())
    runtime = ask(door, ["sh", "-c", 'mktemp -d "$XDG_RUNTIME_DIR/ct-XXXXXX"'], {})
    ours = dict(store.environment)
    environment: dict[str, str] = {}
    for setting in ("STORAGE_DRIVER", "BUILDAH_ISOLATION"):
        if setting in ours:
            environment[setting] = ours[setting]
    for what in ("cache", "config", "data", "state"):
        environment[f"XDG_{what.upper()}_HOME"] = str(folder / what)
    environment["XDG_RUNTIME_DIR"] = runtime.stdout.strip()
    if named_conf := ours.get("CONTAINERS_CONF"):
        conf = folder / "containers.conf"
        ask(door, ["tee", str(conf)], {}, Path(named_conf).read_text())
        environment["CONTAINERS_CONF"] = str(conf)
    neighbour = Neighbour(door, environment, folder)
    yield neighbour
    neighbour.run(["podman", "rm", "--all", "--force", "--time=0"])
    end = 'kill -9 "$(cat "$XDG_RUNTIME_DIR/libpod/tmp/pause.pid")"; '
    end += 'exec buildah unshare rm -rf "$0" "$XDG_RUNTIME_DIR"'
    neighbour.run(["sh", "-c", end, str(folder)])


@pytest.fixture(scope="session")
def base_of_both(second: Neighbour, small_base: str, environment: Mapping[str, str]) -> str:
    """An image that both have."""
    archive = Path(f"/var/tmp/capas-tests-{os.getpid()}.tar")
    command.run(["podman", "save", f"--output={archive}", small_base], environment=environment)
    archive.chmod(0o644)
    try:
        second.run(["podman", "load", f"--input={archive}"])
    finally:
        archive.unlink()
    return small_base
