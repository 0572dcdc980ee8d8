"""A volume's files as a tar stream, and the exchange of a volume's whole content at once.

Podman 4.3 has no export over REST, and what its command line exports leaves out the mode and the
owner of the volume's own folder, without which PostgreSQL does not start. So GNU tar does it,
inside the user namespace where the container's owners have their own numbers. `UNSHARE` is what
a rootless user enters that namespace with; root is in it already.
"""

from __future__ import annotations

import ctypes
import errno
import os
import tempfile
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from pipeline.engine import command
from pipeline.engine.disk import is_folder
from pipeline.engine.inspected import ListedVolume
from pipeline.errors import EngineError, HostUnsupported

UNSHARE = ("podman", "unshare")
NEW = ".capas-new-"
"""Content that is being restored, or that was just replaced; beside the volume's own folder."""
_TAR = "tar: "
_KEPT = (
    "--numeric-owner",
    "--acls",
    "--xattrs",
    "--xattrs-include=user.*",
    "--xattrs-include=security.capability",
)
"""What is kept of a file besides its bytes; labels of SELinux and the like are the host's."""
_AT_FDCWD = -100
_RENAME_EXCHANGE = 2
_FILES_CHANGED = 1
"""tar's exit code when a file changed while it was read (tar(1), RETURN VALUE)."""


def folder_of(volume: ListedVolume) -> Path:
    """Where a volume's files lie, from what Podman says about it.

    Raises:
        HostUnable: they are not in a plain folder of this machine.
    """
    folder = Path(volume.mountpoint or "/nonexistent")
    if volume.driver != "local" or volume.options:
        raise HostUnsupported(
            f"the volume {volume.name} is not a plain folder",
            details=f"driver {volume.driver}, options {dict(volume.options)}",
            resolution="back up its device or server with its own means",
        )
    if not is_folder(folder.parent):
        raise HostUnsupported(
            f"the files of the volume {volume.name} are not on this machine",
            details=f"{folder} does not exist",
            resolution="run this where Podman runs (CONTAINER_HOST names another machine)",
        )
    return folder


def pack(
    folder: Path,
    environment: Mapping[str, str],
    sink: Callable[[bytes], object],
    *,
    changing: bool = False,
    holes: bool = True,
) -> tuple[str, ...]:
    """Give `sink` the folder's files as a tar; what tar says meanwhile, line by line.

    The same bytes come for the same content, as long as the disk does not change where it has
    holes. Those are asked for and not read: a hole of a terabyte takes no time.

    Args:
        changing: the files may change meanwhile.
        holes: keep the holes of files; else they come as the zeros that a reader sees.

    Raises:
        EngineError: a file cannot be read, or changed and `changing` is not set.
    """
    argv = [
        *inside(),
        "tar",
        "--create",
        "--format=posix",
        "--pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime",
        "--sort=name",
        # Of the formats of sparse files the one without tar's process id in it (GNU tar manual).
        *(("--sparse", "--sparse-version=0.0", "--hole-detection=seek") if holes else ()),
        *_KEPT,
        f"--directory={folder}",
        ".",
    ]
    allowed = (0, _FILES_CHANGED) if changing else (0,)
    plain = {**environment, "LC_ALL": "C"}  # its words are read
    said = command.pump(argv, environment=plain, sink=sink, allowed=allowed)
    return tuple(line[len(_TAR) :] for line in said.splitlines() if line.startswith(_TAR))


def unpack_beside(folder: Path, environment: Mapping[str, str], source: Iterable[bytes]) -> Path:
    """Unpack a tar into a new folder beside a volume's own, and return it.

    Raises:
        EngineError: the tar is damaged, or the disk is full; nothing is left then.
    """
    new = Path(tempfile.mkdtemp(prefix=NEW, dir=folder.parent))
    argv = [
        *inside(),
        "tar",
        "--extract",
        "--preserve-permissions",
        "--same-owner",
        *_KEPT,
        f"--directory={new}",
    ]
    try:
        command.pump(argv, environment=environment, source=source)
    except BaseException:
        discard(new, environment)
        raise
    return new


def exchange(one: Path, other: Path) -> None:
    """Let two folders change places in one step, so that a killed program leaves both whole.

    Raises:
        HostUnable: the file system cannot (renameat2(2), RENAME_EXCHANGE).
        OSError: for any other reason.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    names = os.fsencode(one), os.fsencode(other)
    if libc.renameat2(_AT_FDCWD, names[0], _AT_FDCWD, names[1], _RENAME_EXCHANGE) == 0:
        return
    number = ctypes.get_errno()
    if number in (errno.EINVAL, errno.ENOSYS):
        raise HostUnsupported(
            "this file system cannot exchange two folders in one step",
            details=f"renameat2 on {one.parent}: {os.strerror(number)}",
            resolution="remove the volume (`volume.rm`), then restore into a new one",
        )
    raise OSError(number, os.strerror(number), str(one))


def discard(folder: Path, environment: Mapping[str, str]) -> None:
    """Remove a folder with everything in it, whoever in the container owns it."""
    command.run([*inside(), "rm", "-rf", "--", str(folder)], environment=environment)


def sweep(folder: Path, environment: Mapping[str, str]) -> None:
    """Remove what restores left beside a volume's folder that were killed."""
    for left in folder.parent.glob(f"{NEW}*"):
        with suppress(EngineError):
            discard(left, environment)


def is_empty(folder: Path, environment: Mapping[str, str]) -> bool:
    """Whether there is nothing in a volume."""
    argv = [*inside(), "find", str(folder), "-mindepth", "1", "-maxdepth", "1", "-print", "-quit"]
    return not command.run(argv, environment=environment).stdout


def inside() -> tuple[str, ...]:
    """What a program is started with that has to see the container's own numbers."""
    return () if os.geteuid() == 0 else UNSHARE
