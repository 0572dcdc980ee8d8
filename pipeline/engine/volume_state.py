"""What Podman still means to do with a volume at its next mount, done before anybody uses it.

A volume that no container has used yet gets the files of the image's folder, its owner and its
mode: right for a new one, wrong for one that a backup was restored into. Podman keeps this in two
marks of the volume and takes them away when a container's mounts are made, so a container that is
never started does it: it has a root file system of its own, in which the folder is as the volume's
own folder is now. Nothing changes then but the marks.

Podman 4.3 to 6.1 (libpod: mountNamedVolume, fixVolumePermissions) copies files only into an empty
volume, and only when there are some. A socket counts as one and is not copied.
"""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from pipeline.engine import command
from pipeline.engine.inspected import ListedVolume
from pipeline.engine.podman_writer import PodmanWriter
from pipeline.engine.volume_files import NEW, discard, inside, is_empty
from pipeline.errors import CapasError, EngineError

_RESTORED = f"{NEW}is-"
"""Beside a volume's own folder: the folder of this inode is restored and not settled yet."""
_LIKE = (
    'for set in chown chmod touch; do "$set" --reference="$1" "$2" || exit; done;'
    'stat --format=%u:%g "$1"'
)


def mark_restored(folder: Path, new: Path) -> None:
    """Note that a new content is about to become a volume's, before it does.

    Killed after it did, `settle_restored` finds the note; killed before, it fits no folder.
    """
    (folder.parent / f"{_RESTORED}{new.stat().st_ino}").touch()


def settle_restored(
    api: PodmanWriter, volume: ListedVolume, folder: Path, environment: Mapping[str, str]
) -> None:
    """Settle a volume if a restore filled it and did not come to that; else do nothing.

    Args:
        volume: what Podman says of it now.
        folder: its own.

    Raises:
        EngineError: Podman cannot make a container.
        CapasError: it did, and the volume is as before.
    """
    notes = list(folder.parent.glob(f"{_RESTORED}*"))
    if not notes:
        return
    name = f"{volume.name}-capas-settles"
    api.remove_container(name, force=True)  # of a run that was killed
    if f"{_RESTORED}{folder.stat().st_ino}" in {note.name for note in notes} and volume.unsettled:
        _settle(api, volume.name, name, folder, environment)
    for note in notes:
        note.unlink(missing_ok=True)


def _settle(
    api: PodmanWriter, volume: str, name: str, folder: Path, environment: Mapping[str, str]
) -> None:
    new = Path(tempfile.mkdtemp(prefix=NEW, dir=folder.parent))
    try:
        (data := new / "data").mkdir()
        os.mknod(data / "socket", stat.S_IFSOCK | 0o600)
        new.chmod(0o755)
        argv = [*inside(), "sh", "-c", _LIKE, "sh", str(folder), str(data)]
        owner = command.run(argv, environment=environment).stdout.strip()
        api.create_container({
            "name": name,
            "rootfs": str(new),
            "command": ["/nothing"],
            "user": owner,
            "netns": {"nsmode": "none"},
            "volumes": [{"Name": volume, "Dest": "/data"}],
        })  # fmt: skip
        try:
            # The marks are gone before the runtime has its turn; it finds no program and gives up,
            # so no process stays, whenever we are killed.
            with suppress(EngineError):
                api.prepare_container(name)
            left = next((v.unsettled for v in api.volumes() if v.name == volume), frozenset())
        finally:
            api.remove_container(name, force=True)
        if "chown" in left or (left and is_empty(folder, environment)):
            raise CapasError(
                f"{volume} has the files, and its own folder may not keep its owner and mode",
                details="Podman gives it those of the image's folder at the first start",
                resolution="check it after the start; does `podman run` work for this user?",
            )
    finally:
        discard(new, environment)
