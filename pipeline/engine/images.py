"""The images of the store in one listing: one call of Podman's command line, no podman-py.

A listing by the command line takes a third of the time of importing podman-py and starting an
API service, and a build with nothing to do pays for nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pipeline.engine import command


@dataclass(frozen=True)
class StoredImage:
    """One image of the store.

    Attributes:
        id: 64 hexadecimal digits: the digest of its config.
        names: full references, in Podman's order.
        digest: of its manifest, `sha256:…`; empty when the store does not know it.
        size: of all its layers on disk, in bytes, shared ones included.
        containers: how many containers are made of it.
    """

    id: str
    names: tuple[str, ...] = ()
    digest: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    size: int = 0
    containers: int = 0

    @property
    def dangling(self) -> bool:
        """Whether it has no name."""
        return not self.names


@dataclass(frozen=True)
class Store:
    """What one listing saw."""

    images: tuple[StoredImage, ...]

    def named(self, reference: str) -> StoredImage | None:
        """The image of a full reference, or of a short one that is there under one full name.

        Podman and Buildah complete a short name the same way when the image is in the store:
        `localhost/` first, then the docker.io names.
        """
        for candidate in _candidates(reference):
            for image in self.images:
                if candidate in image.names or image.id == candidate:
                    return image
        return None


def list_images(environment: Mapping[str, str], *, intermediate: bool = False) -> Store:
    """The images of the store; with `intermediate` those without a name that builds keep, too.

    Raises:
        EngineError: Podman refused.
        HostUnable: Podman is not installed.
    """
    argv = ["podman", "images", "--format=json", *(["--all"] if intermediate else [])]
    return Store(parse_images(command.run(argv, environment=environment).stdout))


def parse_images(text: str) -> tuple[StoredImage, ...]:
    """The images of `podman images --format json`."""
    rows: list[dict[str, Any]] = json.loads(text or "[]") or []
    return tuple(
        StoredImage(
            id=row["Id"].removeprefix("sha256:"),
            names=tuple(row.get("Names") or ()),
            digest=row.get("Digest") or "",
            labels=row.get("Labels") or {},
            size=row.get("Size") or 0,
            containers=row.get("Containers") or 0,
        )
        for row in rows
    )


def _candidates(reference: str) -> Iterable[str]:
    name, at, digest = reference.partition("@")
    tail = name.rpartition("/")[2]
    full = reference if at or ":" in tail else f"{reference}:latest"
    yield from dict.fromkeys((reference, full))
    first = name.partition("/")[0]
    if "/" not in name or not ("." in first or ":" in first or first == "localhost"):
        yield f"localhost/{full}"
        yield f"docker.io/library/{full}" if "/" not in name else f"docker.io/{full}"
    if digest:
        yield digest.removeprefix("sha256:")


@dataclass(frozen=True)
class Made:
    """One line of an image's history.

    Attributes:
        created: when, as RFC 3339.
        by: the instruction, in Buildah's words.
        comment: `FROM name` of the image that was built on.
        empty: it made no layer.
    """

    created: str
    by: str
    comment: str = ""
    empty: bool = False


@dataclass(frozen=True)
class ImageDetail:
    """One image inspected.

    Attributes:
        digest: of its manifest.
        diff_ids: of its layers, lowest first.
        history: oldest first.
        env: `NAME=value` texts.
        labels: by name.
    """

    id: str
    digest: str
    diff_ids: tuple[str, ...]
    history: tuple[Made, ...]
    env: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)


def inspect_image(environment: Mapping[str, str], reference: str) -> ImageDetail:
    """What the store knows of one image.

    Raises:
        EngineError: there is no such image, or Podman refused.
    """
    argv = ["podman", "image", "inspect", reference]
    (row,) = json.loads(command.run(argv, environment=environment).stdout)
    config = row.get("Config") or {}
    return ImageDetail(
        id=row["Id"].removeprefix("sha256:"),
        digest=row.get("Digest") or "",
        diff_ids=tuple((row.get("RootFS") or {}).get("Layers") or ()),
        history=tuple(_made(entry) for entry in row.get("History") or ()),
        env=tuple(config.get("Env") or ()),
        labels=config.get("Labels") or {},
    )


def _made(entry: Mapping[str, Any]) -> Made:
    return Made(
        created=entry.get("created") or "",
        by=entry.get("created_by") or "",
        comment=entry.get("comment") or "",
        empty=bool(entry.get("empty_layer")),
    )
