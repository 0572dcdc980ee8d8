"""Working containers that a killed Buildah left behind, found by the marker of their build.

Buildah keeps what a build was told in the container's record `buildah.json`, the marker among
it (see `buildah.build_argv`). Containers of other builds, also of those that run right now, are
left alone.
"""

from __future__ import annotations

import json
import os
import re
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path

from pipeline.engine import buildah, command
from pipeline.engine.store_place import find_store

_MARKER = re.compile(rb'"id=capas-(\d+)-[0-9a-f]{16},')


def new_marker() -> str:
    """A word for the builds of this process, that tells whose they were."""
    return f"capas-{os.getpid()}-{secrets.token_hex(8)}"


def remove_working_containers(marker: str, environment: Mapping[str, str]) -> int:
    """Remove the working containers of the builds that were given `marker`; how many there were.

    Raises:
        EngineError: Buildah refused to remove one.
    """
    ours = _containers(environment, lambda record: f'"id={marker},'.encode() in record)
    for container in ours:
        command.run(buildah.remove_container_argv(container), environment=environment)
    return len(ours)


def stale_working_containers(environment: Mapping[str, str]) -> list[str]:
    """The ids of working containers of our builds whose process is no more."""

    def is_stale(record: bytes) -> bool:
        found = _MARKER.search(record)
        return found is not None and not Path("/proc", found[1].decode()).exists()

    return _containers(environment, is_stale)


def _containers(environment: Mapping[str, str], wanted: Callable[[bytes], bool]) -> list[str]:
    listed = command.run(buildah.working_containers_argv(), environment=environment).stdout
    ids = [row["id"] for row in json.loads(listed or "[]") or [] if row.get("builder")]
    if not ids:
        return []
    place = find_store(environment)
    records = place.roots[0] / f"{place.driver}-containers"
    return [one for one in ids if wanted(_read(records / one / "userdata" / "buildah.json"))]


def _read(record: Path) -> bytes:
    try:
        return record.read_bytes()
    except FileNotFoundError:  # another build ended, and removed its container, meanwhile
        return b""
