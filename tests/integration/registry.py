"""A real registry on the loopback, with nothing in it."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class Registry:
    """One that listens.

    Attributes:
        address: `host:port`.
        settings: variables with which the engine talks to it without TLS.
    """

    address: str
    settings: dict[str, str]


@contextmanager
def serving(folder: Path) -> Iterator[Registry]:
    """A registry that keeps its data in a folder, for the time of the block."""
    address = free_address()
    settings = folder / "registry.yml"
    settings.write_text(
        f"version: 0.1\nhttp:\n  addr: {address}\n"
        f"storage:\n  filesystem:\n    rootdirectory: {folder / 'registry'}\n"
    )
    insecure = folder / "registries.conf"
    insecure.write_text(f'[[registry]]\nlocation = "{address}"\ninsecure = true\n')
    with subprocess.Popen(
        ["docker-registry", "serve", str(settings)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as server:
        try:
            listens(address)
            yield Registry(address, {"CONTAINERS_REGISTRIES_CONF": str(insecure)})
        finally:
            server.terminate()


def free_address() -> str:
    """`host:port` on the loopback that nobody has now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


def listens(address: str) -> None:
    """Wait until somebody listens there."""
    host, _, port = address.partition(":")
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with socket.socket() as client:
            if client.connect_ex((host, int(port))) == 0:
                return
    pytest.fail(f"nothing listens at {address}")
