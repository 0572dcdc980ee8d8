"""A registry of our own on the loopback, and what went over its wire."""

from __future__ import annotations

import re
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pipeline.engine import command
from tests.integration.layers.waiting import until

_SENT = re.compile(r'"GET /v2/\S+/blobs/(sha256:[0-9a-f]{64}) \S+" 200 (\d+) ')


@dataclass(frozen=True)
class Registry:
    """A running registry.

    Attributes:
        place: `host:port`.
    """

    place: str
    folder: Path

    def push(self, reference: str, name: str, environment: Mapping[str, str]) -> None:
        """Push an image of the store under another name."""
        argv = ["podman", "push", "--quiet", "--tls-verify=false"]
        command.run([*argv, reference, f"{self.place}/{name}"], environment=environment)

    def pull(self, name: str, environment: Mapping[str, str]) -> str:
        """Pull an image; its full reference."""
        reference = f"{self.place}/{name}"
        argv = ["podman", "pull", "--quiet", "--tls-verify=false", reference]
        command.run(argv, environment=environment)
        return reference

    def stored(self) -> Mapping[str, int]:
        """The bytes of every blob that was pushed, by digest: layers, configurations, manifests."""
        return {
            f"sha256:{path.parent.name}": path.stat().st_size
            for path in self.folder.glob("data/docker/registry/v2/blobs/sha256/*/*/data")
        }

    def sent(self) -> list[tuple[str, int]]:
        """The blobs that were fetched, in order: digest and bytes, by its access log."""
        log = (self.folder / "log").read_text(encoding="utf-8")
        return [(digest, int(size)) for digest, size in _SENT.findall(log)]


@contextmanager
def running_registry(folder: Path) -> Iterator[Registry]:
    """A registry that keeps its files in `folder`; ends with the block."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (folder / "config.yml").write_text(
        f"version: 0.1\nstorage: {{filesystem: {{rootdirectory: {folder}/data}}}}\n"
        f"http: {{addr: 127.0.0.1:{port}}}\n"
    )
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            ["docker-registry", "serve", str(folder / "config.yml")],
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            until(lambda: _listens(port), "the registry listens")
            yield Registry(f"127.0.0.1:{port}", folder)
        finally:
            process.terminate()
            process.wait()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
