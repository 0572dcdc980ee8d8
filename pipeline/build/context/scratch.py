"""A build's own folder, which goes with the build whatever the build has put into it."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from pipeline.engine import command
from pipeline.errors import CapasError


@contextmanager
def scratch_folder(below: Path, environment: Mapping[str, str]) -> Iterator[Path]:
    """A new folder for the time of the block.

    Raises:
        OSError: it cannot be made.
    """
    folder = Path(tempfile.mkdtemp(prefix="build-", dir=below))
    try:
        yield folder
    finally:
        remove(folder, environment)


def remove(folder: Path, environment: Mapping[str, str]) -> None:
    """Remove a folder and all below it; no file's mode is changed, since it may be a hard link.

    What a RUN left through a bind mount may belong to users of the namespace: only inside it can
    that be removed.
    """
    _open(folder)
    shutil.rmtree(folder, ignore_errors=True)
    if os.path.lexists(folder):
        argv = ["buildah", "unshare", "rm", "-rf", "--", str(folder)]
        with suppress(CapasError):  # the build is what it is: what stays here hurts nobody
            command.run(argv, environment=environment, check=False)


def _open(folder: Path) -> None:
    """Let folders be emptied: the staged ones have the modes that the spec keeps."""
    waiting = [folder]
    while waiting:
        at = waiting.pop()
        with suppress(OSError):  # another user's
            if stat.S_IMODE(at.lstat().st_mode) & stat.S_IRWXU != stat.S_IRWXU:
                at.chmod(0o700)
            with os.scandir(at) as found:
                waiting += [Path(one.path) for one in found if one.is_dir(follow_symlinks=False)]
