"""A folder of this account alone, below one in which everybody may make files."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

from pipeline.errors import HostUnsupported


def own_folder(parent: Path, use: str) -> Path:
    """`capas-UID` below a folder such as /tmp; made if it is missing.

    Args:
        use: what it is for, as the details of the error.

    Raises:
        HostUnsupported: it cannot be made, or somebody else made it or may write to it.
    """
    folder = own_folder_below(parent)
    with suppress(FileExistsError):
        try:
            folder.mkdir(mode=0o700)
        except (FileNotFoundError, NotADirectoryError, PermissionError) as error:
            raise HostUnsupported(
                f"{folder} cannot be made: {error.strerror}",
                details=use,
                resolution="set TMPDIR to a folder that you may write to",
            ) from error
    info = folder.lstat()
    if not stat.S_ISDIR(info.st_mode) or info.st_uid != os.getuid() or info.st_mode & 0o077:
        raise HostUnsupported(
            f"{folder} is not a folder that only you can enter",
            details=use,
            resolution="remove it, or set TMPDIR to a folder of yours",
        )
    return folder


def own_folder_below(parent: Path) -> Path:
    """Where `own_folder` is or would be."""
    return parent / f"capas-{os.getuid()}"
