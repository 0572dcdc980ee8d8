"""From the tables of [images] to `Image` and `Version`."""

from __future__ import annotations

from pathlib import Path

from pipeline.spec.model import Image, Rootfs, Version
from pipeline.spec.read_context import BROKEN, ReadContext, Table, text_of, texts_of
from pipeline.spec.textfile import kind_at
from pipeline.spec.versions import sorted_versions

CONTAINERFILE_NAMES = ("Containerfile", "Dockerfile")
"""Where Buildah looks when no Containerfile is named (buildah-build(1), --file)."""


def read_image(name: str, table: Table, scope: ReadContext) -> Image | None:
    """The image of a table, or None when none of its versions could be read."""
    tables = table.get("versions", {})
    versions = {
        version: read_version(name, version, tables[version], scope)
        for version in sorted_versions(tables)
        if "context" in tables[version]
    }
    return Image(name, versions) if versions else None


def read_version(image: str, name: str, table: Table, scope: ReadContext) -> Version:
    """The version of a table."""
    context = scope.absolute(table["context"])
    return Version(
        image=image,
        name=name,
        context=context,
        containerfile=find_containerfile(context, table.get("containerfile")),
        args={key: text_of(value) for key, value in table.get("args", {}).items()},
        target=table.get("target"),
        labels=texts_of(table.get("labels")),
        pull=table.get("pull", "missing"),
        keep_modes=table.get("keep_modes", False),
        rootfs=read_rootfs(table.get("rootfs", {})),
        allow_outside_project=table.get("allow_outside_project", False),
    )


def read_rootfs(table: Table) -> Rootfs | None:
    """The packages of a base image, or None without any."""
    if "suite" not in table or "packages" not in table:
        return None
    packages, exclude = (
        tuple(entry for entry in table.get(key, ()) if entry is not BROKEN)
        for key in ("packages", "exclude")
    )
    return Rootfs(table["suite"], packages, exclude)


def find_containerfile(context: Path, named: str | None) -> Path:
    """The Containerfile of a context: the named one, else the first that Buildah would find."""
    if named is not None:
        return context / named
    found = (context / name for name in CONTAINERFILE_NAMES)
    return next((path for path in found if kind_at(path)), context / CONTAINERFILE_NAMES[0])
