"""The context as Buildah is shown it: the same on every account, from every checkout.

Buildah's cache key of a COPY holds each file's mode, the name of its owner as the user namespace
maps it, its extended attributes and hard links (`copier.go`, `digester.go`). A checkout's umask or
owner would so decide what an image is. Staged are just the files that the build reads, with git's
modes or those that the spec keeps, as the user's own; a file that is right already is a hard link
and costs nothing.
"""

from __future__ import annotations

import os
import posixpath
import shutil
import stat
from collections.abc import Mapping
from pathlib import Path

from pipeline.build.context import owners
from pipeline.build.context.inputs import File, Inputs
from pipeline.spec.context import ways
from pipeline.spec.links import follow, target_on_disk
from pipeline.spec.model import ROOTFS_TAR

_FOLDER_MODE = 0o755


def stage_context(inputs: Inputs, folder: Path) -> None:
    """Fill `folder`, which Buildah is given as the context.

    What lies in it lies where it really lies in the context; links that a path leads through are
    links here, too. So a path leads to the same file whichever instruction reads it.

    Raises:
        OSError: a file cannot be read, or the folder cannot be written.
    """
    context = inputs.version.context
    staging = _Staging(context, folder, _shown(inputs))
    for file in inputs.files:
        given = inputs.rootfs.path if inputs.rootfs and file.path == ROOTFS_TAR else None
        staging.add(file, given or context / file.place)
    for (stage, place), sources in inputs.reads.items():
        bound = inputs.containerfile.stages[stage].instructions[place].keyword == "RUN"
        for path in (path for source in sources for path in source.found):
            if not (inputs.rootfs and path == ROOTFS_TAR):
                for way in ways(path, context):
                    staging.add_way(way, bound=bound)
    if owners.carried(inputs):
        staging.write(owners.FILES)
    kept = inputs.version.keep_modes
    staging.close(stat.S_IMODE(context.stat().st_mode) if kept else _FOLDER_MODE)


def _shown(inputs: Inputs) -> frozenset[str]:
    """Where the files lie that a RUN is shown by a bind mount: it may write them, with `rw`."""
    return frozenset(
        entry.place
        for (stage, place), sources in inputs.reads.items()
        if inputs.containerfile.stages[stage].instructions[place].keyword == "RUN"
        for source in sources
        for entry in source.entries
    )


class _Staging:
    """A staged context.

    Args:
        shown: places of files that must be copies: something may write, chmod or chown them.
    """

    def __init__(self, context: Path, folder: Path, shown: frozenset[str]) -> None:
        self._context, self._folder, self._shown = context, folder, shown
        self._inodes: set[tuple[int, int]] = set()
        self._modes: dict[Path, int] = {}
        self._user, self._group = os.geteuid(), os.getegid()

    def add(self, file: File, source: Path) -> None:
        """One file, folder or link."""
        target = self._folder / file.place
        self._folders(target.parent)
        if file.kind == "folder":
            self._folders(target)
            self._modes[target] = file.mode
            return
        if os.path.lexists(target):
            return
        if file.kind == "link":
            target.symlink_to(file.digest)
        elif not self._link(file, source, target):
            shutil.copyfile(source, target, follow_symlinks=False)
            target.chmod(file.mode)

    def add_way(self, path: str, *, bound: bool) -> None:
        """Everything that a path leads through, links as links.

        Args:
            bound: it is the source of a bind mount. Buildah 1.28 leaves it to the kernel, for
                which an absolute link leads out of the context: such a link is a relative one
                here unless an instruction copies it.

        Raises:
            OSError: there are more links than the kernel would follow.
        """

        def stage(place: str, goal: str | None) -> None:
            copy = self._folder / place
            if goal is None:
                if (self._context / place).is_dir():
                    self._folders(copy)
                return
            self._folders(copy.parent)
            if not os.path.lexists(copy):
                inside = posixpath.relpath(goal, f"/{posixpath.dirname(place)}")
                copy.symlink_to(inside if bound and goal.startswith("/") else goal)

        follow(path, target_on_disk(self._context), stage)

    def write(self, texts: Mapping[str, str]) -> None:
        """Files of our own."""
        for path, text in texts.items():
            target = self._folder / path
            self._folders(target.parent)
            target.write_text(text)

    def close(self, mode_of_root: int) -> None:
        """Give the folders their modes: nothing can be put into one that is kept read-only."""
        self._folder.chmod(mode_of_root)
        for folder, mode in reversed(self._modes.items()):  # what lies deeper comes first
            if mode != _FOLDER_MODE:
                folder.chmod(mode)

    def _link(self, file: File, source: Path, target: Path) -> bool:
        """Whether the file is right as it lies, and could be linked."""
        status = source.lstat()
        inode = (status.st_dev, status.st_ino)
        right = (
            file.place not in self._shown
            and stat.S_IMODE(status.st_mode) == file.mode
            and (status.st_uid, status.st_gid) == (self._user, self._group)
            and inode not in self._inodes
            and not _attributes(source)
        )
        if not right:
            return False
        try:
            target.hardlink_to(source)
        except OSError:  # another file system, or one without hard links
            return False
        self._inodes.add(inode)
        return True

    def _folders(self, folder: Path) -> None:
        missing = []
        while folder != self._folder and not folder.exists():
            missing.append(folder)
            folder = folder.parent
        for one in reversed(missing):
            self._make(one)

    @staticmethod
    def _make(folder: Path) -> None:
        folder.mkdir()
        folder.chmod(_FOLDER_MODE)


def _attributes(path: Path) -> list[str]:
    try:
        return os.listxattr(path)
    except OSError:  # a file system without extended attributes
        return []
