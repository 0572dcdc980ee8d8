"""Restore of a volume: the whole new content is made beside the old, proved, then exchanged.

Killed at any moment, the volume has its old content or its new one, never a part of either.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from pipeline.engine import labels
from pipeline.engine.inspected import ListedVolume
from pipeline.engine.podman_writer import PodmanWriter
from pipeline.engine.store_paths import find_store
from pipeline.engine.volume_files import (
    discard,
    exchange,
    folder_of,
    is_empty,
    pack,
    sweep,
    unpack_beside,
)
from pipeline.engine.volume_state import mark_restored, settle_restored
from pipeline.errors import CapasError, HostUnsupported, UsageError
from pipeline.spec.model import Pipeline, Volume
from pipeline.volumes.archive import damaged, examine, pieces
from pipeline.volumes.contents import ENDLESS, ArchiveContents, NoTar, TooMuch, room_at, too_much
from pipeline.volumes.observe import existing, users_of
from pipeline.volumes.plan import check_restore

_DIFFER = "owners, modes, times, access lists, names or bytes differ; the volume is as it was"
_LINES = 5
"""Of what tar says, at most so many are shown."""


def restore(
    api: PodmanWriter,
    pipeline: Pipeline,
    volume: Volume,
    source: Path,
    environment: Mapping[str, str],
    *,
    force: bool = False,
) -> None:
    """Give a volume the content of a backup; it is made when it does not exist.

    Args:
        force: replace what is in it.

    Raises:
        UsageError: there is no such backup, or no such volume and it is external.
        Refused: a container runs on the volume, or there is data in it and `force` is not set.
        CapasError: the backup is damaged, or did not come back as it is; the volume is as it was.
    """
    found: ListedVolume | None = None
    try:
        found = existing(api, volume)
        place = folder_of(found)
    except UsageError:
        if volume.external:
            raise
        place = find_store(environment).roots[0]
    content = _fitting(source, place)
    if found is None:
        api.create_volume({"Name": volume.engine_name, "Labels": volume_labels(pipeline, volume)})
        found = existing(api, volume)
    folder = folder_of(found)
    users = users_of(api, volume.engine_name)
    empty = is_empty(folder, environment)
    check_restore(volume.engine_name, users, empty=empty, force=force)
    sweep(folder, environment)
    new = unpack_beside(folder, environment, pieces(source))
    try:
        _prove(new, environment, content)
        check_restore(
            volume.engine_name, users_of(api, volume.engine_name), empty=empty, force=force
        )
        mark_restored(folder, new)
        exchange(new, folder)
        settle_restored(api, existing(api, volume), folder, environment)
    except OSError as error:
        raise CapasError(
            f"{volume.engine_name} could not be replaced; it is as it was", details=str(error)
        ) from None
    finally:
        discard(new, environment)  # after the exchange this is the old content


def finish_restores(api: PodmanWriter, pipeline: Pipeline, environment: Mapping[str, str]) -> None:
    """End what restores left that were killed, before anybody uses the volumes.

    One whose content was there already is settled; what is left beside a volume is swept, unless
    another pipeline might be at it just now.
    """
    named = {volume.engine_name for volume in pipeline.volumes.values()}
    for found in api.volumes() if named else ():
        if found.name in named:
            with suppress(
                HostUnsupported
            ):  # none of a restore's: it is not a plain folder of this machine
                settle_restored(api, found, folder := folder_of(found), environment)
                if found.labels.get(labels.PIPELINE) == pipeline.name:
                    sweep(folder, environment)


def _fitting(source: Path, place: Path) -> str:
    """Read a backup to its end; the digest of what is in it.

    Raises:
        CapasError: it is damaged, no backup, or more than there is room for.
    """
    contents = ArchiveContents(room := room_at(place))
    try:
        examine(source, contents.feed)
        contents.end()
    except NoTar as error:
        raise damaged(source, str(error)) from None
    except TooMuch as error:
        raise too_much(source, place, room, str(error)) from None
    return contents.digest()


def volume_labels(pipeline: Pipeline, volume: Volume) -> dict[str, str]:
    """The labels of a volume that a spec makes."""
    return {
        **volume.labels,
        labels.PIPELINE: pipeline.name,
        labels.VOLUME: volume.name,
        labels.COMPOSE_PROJECT: pipeline.name,
        labels.COMPOSE_VOLUME: volume.name,
    }


def _prove(folder: Path, environment: Mapping[str, str], content: str) -> None:
    contents = ArchiveContents(ENDLESS)
    said = pack(folder, environment, contents.feed)
    if contents.digest() != content:
        raise CapasError(
            "the files did not come back as they were backed up",
            details="\n".join((_DIFFER, *said[:_LINES])),
            resolution="was the backup made by another program, or for other subordinate ids? "
            "Does this file system keep access lists (`getfacl`)?",
        )
