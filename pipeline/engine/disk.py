"""How many bytes folders really take."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path

from pipeline.engine import command


def is_folder(path: Path) -> bool:
    """Whether it is one; a name that no file system can have is none."""
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def measure_folders(
    folders: Iterable[Path], environment: Mapping[str, str]
) -> Mapping[Path, int | None]:
    """The apparent size of each folder in bytes, itself included, as `du --apparent-size` counted.

    Files with several names count once. What only the container's own users may enter is asked
    from inside the user namespace. None for a folder that does not exist.
    """
    found: dict[Path, int | None] = {}
    closed: list[Path] = []
    for folder in folders:
        if not is_folder(folder):
            found[folder] = None
        elif (size := _size(folder)) is None:
            closed.append(folder)
        else:
            found[folder] = size
    if closed:
        found.update(_ask_inside(closed, environment))
    return found


def _size(folder: Path) -> int | None:
    """Bytes, or None when a folder in it is closed to us or goes away meanwhile."""
    try:
        return _walk(folder)
    except (PermissionError, FileNotFoundError):
        return None


def _walk(folder: Path) -> int:
    total = folder.lstat().st_size
    several: set[tuple[int, int]] = set()
    waiting = [str(folder)]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                facts = entry.stat(follow_symlinks=False)
                if stat.S_ISDIR(facts.st_mode):
                    waiting.append(entry.path)
                elif facts.st_nlink > 1:
                    if (facts.st_dev, facts.st_ino) in several:
                        continue
                    several.add((facts.st_dev, facts.st_ino))
                total += facts.st_size
    return total


def _ask_inside(folders: list[Path], environment: Mapping[str, str]) -> dict[Path, int | None]:
    """Ask `find`: `du --apparent-size` of coreutils 9.1 and newer leaves folders' own bytes out."""
    answer = command.run(
        ["buildah", "unshare", "find", *map(str, folders), "-printf", r"%H\0%i\0%s\0"],
        environment=environment,
        check=False,
    )
    words = iter(answer.stdout.split("\0"))
    inodes: dict[Path, dict[str, int]] = {}
    for path, inode, size in zip(words, words, words, strict=False):
        inodes.setdefault(Path(path), {})[inode] = int(size)
    return {path: sum(inodes[path].values()) if path in inodes else None for path in folders}
