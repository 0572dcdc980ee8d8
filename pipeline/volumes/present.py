"""A pipeline's volumes in the report's words (pure)."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.output.document import Cell, Mark, Report, Size, Table
from pipeline.volumes.observe import Found


def present_volumes(pipeline: str, found: Sequence[Found]) -> Report:
    """The table of volumes, and the same for machines."""
    rows: list[tuple[Cell, ...]] = [
        (
            volume.name or Mark("not in the spec", "warning"),
            volume.engine_name,
            Size(volume.size) if volume.there else Mark("not made yet", "quiet"),
            ", ".join(f"{user.name} ({user.state})" for user in volume.users) or "nobody",
        )
        for volume in found
    ]
    count = sum(volume.there for volume in found)
    return Report(
        f"Volumes of {pipeline}",
        f"{count} of {len(found)} are there." if found else "The spec names no volume.",
        (Table(("volume", "name in Podman", "size", "used by"), tuple(rows)),) if rows else (),
        {
            "volumes": [
                {
                    "name": volume.name,
                    "engine_name": volume.engine_name,
                    "there": volume.there,
                    "external": volume.external,
                    "size": volume.size,
                    "used_by": [{"name": u.name, "state": u.state} for u in volume.users],
                }
                for volume in found
            ]
        },
    )
