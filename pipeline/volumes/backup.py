"""Backup of a volume: its files, kept from changing, into one file."""

from __future__ import annotations

import glob
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from pipeline.engine.cache import state_folder
from pipeline.engine.podman_writer import PodmanWriter
from pipeline.engine.volume_files import folder_of, pack
from pipeline.errors import CapasError, EngineError
from pipeline.lean_dataclasses import dataclass
from pipeline.output.number_format import show_bytes
from pipeline.spec.model import Pipeline, Volume
from pipeline.volumes.archive import Writing, halves
from pipeline.volumes.contents import ENDLESS, ArchiveContents, NoTar, Room, room_at
from pipeline.volumes.observe import can_pause, existing, users_of
from pipeline.volumes.plan import Hold, hold_for_backup

_SOCKET = ": socket ignored"
"""What tar says of a socket."""
_SHOWN = 5


@dataclass(frozen=True)
class Backup:
    """A backup that was made.

    Attributes:
        size: of the file, in bytes.
        content: SHA-256 of the uncompressed tar.
        held: what was done to containers meanwhile.
        notes: what is not in it, or will need more room than it has now.
    """

    path: Path
    size: int
    content: str
    held: Hold
    notes: tuple[str, ...] = ()


def backup(
    api: PodmanWriter,
    volume: Volume,
    target: Path,
    environment: Mapping[str, str],
    *,
    stop: bool = False,
    live: bool = False,
) -> Backup:
    """Back up a volume; what killed backups of it left in the same folder is swept.

    Args:
        target: the file to make; nothing is overwritten.
        stop: stop running containers on it for the time, where they cannot be paused.
        live: let them run; the files may not belong together then.

    Raises:
        UsageError: there is no such volume, or the file is there already.
        Refused: containers run on it, cannot be paused, and nothing was said of them.
        CapasError: the file cannot be written; nothing is left then.
    """
    folder = folder_of(existing(api, volume))
    hold = hold_for_backup(
        volume.engine_name,
        users_of(api, volume.engine_name),
        stop=stop,
        live=live,
        can_pause=can_pause(environment),
    )
    try:
        for name in (f"{glob.escape(volume.name)}-*.tar.gz", glob.escape(target.name)):
            for left in halves(target.parent, name):
                left.unlink(missing_ok=True)
        try:
            return _write(api, folder, target, environment, hold, changing=live)
        except NoTar:  # with more holes than we would read again: without them, then
            return _write(api, folder, target, environment, hold, changing=live, holes=False)
    except OSError as error:
        raise CapasError(
            f"the backup could not be written to {target.parent}",
            details=str(error),
            resolution="`--output` names another folder",
        ) from None


def _write(
    api: PodmanWriter,
    folder: Path,
    target: Path,
    environment: Mapping[str, str],
    hold: Hold,
    *,
    changing: bool,
    holes: bool = True,
) -> Backup:
    contents = ArchiveContents(ENDLESS)
    with Writing(target) as file, held(api, hold):

        def take(piece: bytes) -> None:
            contents.feed(piece)
            file.write(piece)

        said = pack(folder, environment, take, changing=changing, holes=holes)
        notes = notes_on(said, contents.size, room_at(folder))
        return Backup(target, file.keep(), file.content.hexdigest(), hold, notes)


def notes_on(said: Sequence[str], size: int, room: Room) -> tuple[str, ...]:
    """What has to be known of a backup (pure).

    Args:
        said: what tar said while it read, line by line.
        size: bytes that a restore is counted as, holes included.
        room: where the volume lies.
    """
    sockets = [line[: -len(_SOCKET)] for line in said if line.endswith(_SOCKET)]
    others = [line for line in said if not line.endswith(_SOCKET)]
    notes = []
    if sockets:
        notes.append(f"left out, because a backup cannot hold a socket: {_some(sockets)}")
    if others:
        notes.append(f"tar says: {_some(others)}")
    if size > room.size:
        notes.append(
            f"with the holes of its files a restore needs {show_bytes(size)}; "
            f"{show_bytes(room.size)} are free where the volume lies"
        )
    return tuple(notes)


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


@contextmanager
def held(api: PodmanWriter, hold: Hold) -> Iterator[None]:
    """Keep containers from writing for the time of the block, and let them go on in any case."""
    acted: list[str] = []
    try:
        for name in hold.containers:
            acted.append(name)
            if hold.how == "pause":
                api.pause_container(name)
            elif hold.how == "stop":
                api.stop_container(name)
        yield
    except BaseException:
        for name in acted:
            with suppress(EngineError):  # what failed first is what has to be told
                _let_go(api, hold, name)
        raise
    for name in acted:
        _let_go(api, hold, name)


def _let_go(api: PodmanWriter, hold: Hold, name: str) -> None:
    if hold.how == "pause":
        api.unpause_container(name)
    elif hold.how == "stop":
        api.start_container(name)


def usual_target(pipeline: Pipeline, volume: Volume, environ: Mapping[str, str]) -> Path:
    """`$XDG_STATE_HOME/capas/backups/PIPELINE/VOLUME-TIME.tar.gz`."""
    folder = state_folder(environ) / "backups" / pipeline.name
    return folder / file_name(volume.name, time.time())


def left_halves(environ: Mapping[str, str]) -> list[Path]:
    """Half files that killed backups left where backups usually are, of all pipelines."""
    folder = state_folder(environ) / "backups"
    return [path for below in sorted(folder.glob("*/")) for path in halves(below)]


def file_name(volume: str, now: float) -> str:
    """A backup's name: names of one volume sort by time (UTC)."""
    return f"{volume}-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime(now))}.tar.gz"
