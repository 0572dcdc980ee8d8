"""Backup of a volume: its files, kept from changing, into one file."""

from __future__ import annotations

import glob
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from pipeline.engine.cache import state_folder
from pipeline.engine.podman_writer import Writer
from pipeline.engine.volume_files import folder_of, pack
from pipeline.errors import CapasError, EngineError
from pipeline.spec.model import Pipeline, Volume
from pipeline.volumes.archive import Writing, halves
from pipeline.volumes.observe import can_pause, existing, users_of
from pipeline.volumes.plan import Hold, hold_for_backup


@dataclass(frozen=True)
class Backup:
    """A backup that was made.

    Attributes:
        size: of the file, in bytes.
        content: SHA-256 of the uncompressed tar.
        held: what was done to containers meanwhile.
    """

    path: Path
    size: int
    content: str
    held: Hold


def backup(
    api: Writer,
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
        with Writing(target) as file, held(api, hold):
            pack(folder, environment, file.write, changing=live)
            return Backup(target, file.keep(), file.content.hexdigest(), hold)
    except OSError as error:
        raise CapasError(
            f"the backup could not be written to {target.parent}",
            details=str(error),
            resolution="`--output` names another folder",
        ) from None


@contextmanager
def held(api: Writer, hold: Hold) -> Iterator[None]:
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


def _let_go(api: Writer, hold: Hold, name: str) -> None:
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
