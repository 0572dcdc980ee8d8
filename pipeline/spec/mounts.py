"""From a service's `volumes` to `Mount`."""

from __future__ import annotations

from functools import partial

from pipeline.lean_dataclasses import replace
from pipeline.spec.model import Mount
from pipeline.spec.problem import BadForm, KeyPath
from pipeline.spec.quantities import size_in_bytes
from pipeline.spec.read_context import BROKEN, ReadContext, Table
from pipeline.spec.short_forms import check_path_text, check_target, parse_mount


def read_mounts(table: Table, service: KeyPath, scope: ReadContext) -> tuple[Mount, ...]:
    """The mounts of a service's table."""
    mounts: list[Mount] = []
    for index, entry in enumerate(table.get("volumes", ())):
        if entry is BROKEN:
            continue
        where = (*service, "volumes", index)
        mount = scope.tried("CAP010", where, entry, partial(_mount, entry, scope))
        if mount is not None:
            scope.stands_at((*service, "volumes", len(mounts)), where)
            mounts.append(mount)
    return tuple(mounts)


def _mount(entry: str | Table, scope: ReadContext) -> Mount | None:
    if isinstance(entry, str):
        mount = parse_mount(entry)
    elif "target" not in entry:
        return None
    else:
        mount = _long_form(entry)
    if mount.kind == "bind" and mount.source is not None:
        check_path_text(mount.source)
        return replace(mount, source=str(scope.absolute(mount.source)))
    return mount


def _long_form(entry: Table) -> Mount:
    kind, source = entry.get("type", "volume"), entry.get("source")
    if kind == "tmpfs" and source is not None:
        raise BadForm("is a tmpfs with a `source`", "leave it out", key="source")
    if kind != "tmpfs" and source is None:
        raise BadForm(f"is a {kind} without a `source`", "a volume's name, or a path of the host")
    if kind != "tmpfs" and "size" in entry:
        raise BadForm(f"is a {kind} with a `size`", "only a tmpfs has one", key="size")
    return Mount(
        kind=kind,
        source=source,
        target=check_target(entry["target"]),
        read_only=entry.get("read_only", False),
        size=size_in_bytes(entry["size"]) if "size" in entry else None,
        allow_outside_project=entry.get("allow_outside_project", False),
    )
