"""A real registry on the loopback, with nothing in it, and what went over its wire."""

from __future__ import annotations

import re
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

_SENT = re.compile(r'"GET /v2/\S+/blobs/(sha256:[0-9a-f]{64}) \S+" 200 (\d+) ')


@dataclass(frozen=True)
class Registry:
    """One that listens.

    Attributes:
        address: `host:port`.
        settings: variables with which the engine talks to it without TLS.
        folder: where it keeps what it was given, and its log.
    """

    address: str
    settings: dict[str, str]
    folder: Path

    def stored(self) -> Mapping[str, int]:
        """The bytes of every blob that was pushed, by digest: layers, configurations, manifests."""
        return {
            f"sha256:{path.parent.name}": path.stat().st_size
            for path in self.folder.glob("registry/docker/registry/v2/blobs/sha256/*/*/data")
        }

    def sent(self) -> list[tuple[str, int]]:
        """The blobs that were fetched, in order: digest and bytes, by its access log."""
        log = (self.folder / "log").read_text(encoding="utf-8")
        return [(digest, int(size)) for digest, size in _SENT.findall(log)]


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
    with (
        (folder / "log").open("w") as log,
        subprocess.Popen(
            ["docker-registry", "serve", str(settings)], stdout=log, stderr=subprocess.STDOUT
        ) as server,
    ):
        try:
            listens(address)
            yield Registry(address, {"CONTAINERS_REGISTRIES_CONF": str(insecure)}, folder)
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
