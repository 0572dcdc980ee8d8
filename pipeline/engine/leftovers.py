"""Working containers that a killed Buildah left behind, found by the marker of their build."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from pipeline.engine import buildah, command


def remove_working_containers(marker: str, environment: Mapping[str, str]) -> int:
    """Remove the working containers of the builds that were given `marker`; how many there were.

    Buildah keeps what a build was told in the container's record `buildah.json`, the marker
    among it. Containers of other builds, also of those that run right now, are left alone.

    Raises:
        EngineError: Buildah refused to remove one.
    """
    listed = command.run(buildah.working_containers_argv(), environment=environment).stdout
    ids = [row["id"] for row in json.loads(listed or "[]") or [] if row.get("builder")]
    if not ids:
        return 0
    info = json.loads(command.run(["buildah", "info"], environment=environment).stdout)["store"]
    records = Path(info["GraphRoot"], f"{info['GraphDriverName']}-containers")
    ours = [one for one in ids if _has(records / one / "userdata" / "buildah.json", marker)]
    for container in ours:
        command.run(buildah.remove_container_argv(container), environment=environment)
    return len(ours)


def _has(record: Path, marker: str) -> bool:
    try:
        return marker.encode() in record.read_bytes()
    except FileNotFoundError:  # another build ended, and removed its container, meanwhile
        return False
