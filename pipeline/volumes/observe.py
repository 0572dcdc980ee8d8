"""What volumes a pipeline has, what is in them, and who is on them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pipeline.engine import labels
from pipeline.engine.disk import measure_folders
from pipeline.engine.inspected import ListedVolume
from pipeline.engine.podman import PodmanReader
from pipeline.engine.volume_files import folder_of
from pipeline.errors import HostUnsupported, UsageError
from pipeline.host.observe import observe_basics
from pipeline.lean_dataclasses import dataclass
from pipeline.spec.model import Pipeline, Volume
from pipeline.volumes.plan import User


@dataclass(frozen=True)
class Found:
    """A volume of a pipeline.

    Attributes:
        name: its key in the spec; empty when the spec no longer names it.
        there: whether Podman has it.
        size: bytes of its files; None when nobody can count them.
    """

    name: str
    engine_name: str
    there: bool
    external: bool = False
    size: int | None = None
    users: tuple[User, ...] = ()


def observe_volumes(
    reader: PodmanReader, pipeline: Pipeline, environment: Mapping[str, str]
) -> tuple[Found, ...]:
    """The spec's volumes in its order, then those that it made and no longer names."""
    present = {volume.name: volume for volume in reader.volumes()}
    ours = f"{labels.PIPELINE}={pipeline.name}"
    named = {volume.engine_name: volume for volume in pipeline.volumes.values()}
    left = sorted(v.name for v in reader.volumes([ours]) if v.name not in named)
    folders = {name: folder for name, v in present.items() if (folder := _folder(v))}
    sizes = measure_folders(
        (folders[name] for name in (*named, *left) if name in folders), environment
    )
    found = []
    for name in (*named, *left):
        volume = named.get(name)
        found.append(
            Found(
                volume.name if volume else "",
                name,
                name in present,
                volume.external if volume else False,
                sizes.get(folders[name]) if name in folders else None,
                users_of(reader, name),
            )
        )
    return tuple(found)


def users_of(reader: PodmanReader, engine_name: str) -> tuple[User, ...]:
    """The containers on a volume, in whatever state."""
    rows = reader.containers_on(engine_name)
    return tuple(sorted((User(row.name, row.status) for row in rows), key=lambda u: u.name))


def existing(reader: PodmanReader, volume: Volume) -> ListedVolume:
    """What Podman says of a volume.

    Raises:
        UsageError: it does not exist yet.
    """
    for found in reader.volumes():
        if found.name == volume.engine_name:
            return found
    name = volume.engine_name
    if volume.external:
        raise UsageError(
            f"the external volume {name} does not exist",
            resolution=f"create it (`podman volume create {name}`), or remove `external`",
        )
    raise UsageError(
        f"the volume {name} does not exist",
        resolution="`capas deploy` makes it; `capas volume.restore` makes and fills it",
    )


def can_pause(environ: Mapping[str, str]) -> bool:
    """Whether containers of this user can be paused: they need a control group of their own.

    The host of a service elsewhere cannot be looked at: no, then.
    """
    if not environ.get("CONTAINER_HOST", "unix:").startswith("unix:"):
        return False
    return observe_basics(environ).can_pause


def _folder(volume: ListedVolume) -> Path | None:
    try:
        return folder_of(volume)
    except HostUnsupported:
        return None
