"""What a killed Buildah, Podman or skopeo left in the folder of large temporary files.

All three make folders and files there for what they copy (containers/image, tmpdir.go; buildah,
add.go and imagebuildah; containers/storage), and none sweeps it. Only what is certainly nobody's
is named: of this account, of a name that they give, untouched for an hour, held by no process of
the account (open, mounted, or its folder), and with no engine at work that was begun before it was
touched last.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from pipeline.engine import command
from pipeline.engine.own_folder import own_folder, own_folder_below
from pipeline.lean_re import lazy_pattern

_USUAL = "/var/tmp"  # noqa: S108 (where the engine puts them; nothing is made there)
_NAME = lazy_pattern(
    r"(?:buildah|storage|libpod|libpod_builder|podman|container_images_[a-z-]+|"
    r"docker-tar|oci)-?[0-9]{4,}"
)
"""What os.MkdirTemp and os.CreateTemp make of the names that the engine gives."""
_ENGINE = frozenset({"buildah", "podman", "skopeo"})
_UNTOUCHED = 3600.0
"""Seconds."""
_MARGIN = 60.0
"""Seconds that a clock may have been set by since."""
_TICKS = os.sysconf("SC_CLK_TCK")


def build_temporary(environment: Mapping[str, str]) -> Path:
    """The folder that a build has its temporary files in; made if it is missing.

    Not the usual one, where everybody may write: Buildah keeps what `RUN --mount=type=cache` shows
    there, under a name that others know. Before 1.29 it is the same folder for all accounts
    (internal/parse/parse.go, GetCacheMount), so that the second one's builds fail; later ones have
    the account's number in its name, and take what somebody else put there before.

    Raises:
        HostUnsupported: there can be no such folder.
    """
    use = "temporary files of builds, and what `RUN --mount=type=cache` keeps, are there"
    return own_folder(Path(environment.get("TMPDIR") or _USUAL), use)


def left_temporaries(environment: Mapping[str, str], *, now: float | None = None) -> list[Path]:
    """The temporary files and folders of this account that no engine uses any more.

    Args:
        now: seconds since the epoch.
    """
    moment = time.time() if now is None else now
    found = [path for folder in _folders(environment) for path in _ours(folder, moment)]
    if not found:
        return []
    held, oldest = _in_use()
    return [
        path
        for path in found
        if not any(other == path or path in other.parents for other in held)
        and _last_change(path) < oldest - _MARGIN
    ]


def remove_temporaries(paths: list[Path], environment: Mapping[str, str]) -> None:
    """Remove them, whoever in a container owns what is in them.

    Raises:
        EngineError: one cannot be removed.
    """
    if paths:
        inside = [] if os.geteuid() == 0 else ["buildah", "unshare"]
        argv = [*inside, "rm", "-rf", "--one-file-system", "--", *map(str, paths)]
        command.run(argv, environment=environment)


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files in a folder, as far as it can be looked into."""
    folders = [path] if path.is_dir() else []
    total = 0 if folders else path.lstat().st_size
    while folders:
        with suppress(OSError), os.scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(Path(entry.path))
                else:
                    total += entry.stat(follow_symlinks=False).st_size
    return total


def _folders(environment: Mapping[str, str]) -> list[Path]:
    named = environment.get("TMPDIR")
    usual = [Path(one) for one in dict.fromkeys((_USUAL, named)) if one]
    return [*usual, *(own_folder_below(parent) for parent in usual)]


def _ours(folder: Path, moment: float) -> Iterator[Path]:
    try:
        entries = [Path(entry.path) for entry in os.scandir(folder)]
    except OSError:
        return
    for path in sorted(entries):
        with suppress(OSError):  # it went meanwhile
            if not _NAME.fullmatch(path.name) or path.is_symlink():
                continue
            if path.lstat().st_uid == os.geteuid() and moment - _last_change(path) > _UNTOUCHED:
                yield path


def _last_change(path: Path) -> float:
    """When it, or something right in it, was changed last."""
    last = path.lstat().st_ctime
    with suppress(OSError):
        last = max(
            [last, *(entry.stat(follow_symlinks=False).st_ctime for entry in os.scandir(path))]
        )
    return last


def _in_use() -> tuple[frozenset[Path], float]:
    """What processes of this account hold, and since when its oldest engine at work runs."""
    held: set[Path] = set()
    oldest = float("inf")
    boot = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, ValueError, IndexError):
            # The folder itself is root's while a process may not be looked into.
            status = (process / "status").read_text(errors="replace")
            if int(status.partition("\nUid:")[2].split()[0]) != os.getuid():
                continue
            words = (process / "cmdline").read_text(errors="replace").split("\0")
            if Path(words[0]).name in _ENGINE and "pause" not in words[:2]:
                ticks = (process / "stat").read_text().rpartition(")")[2].split()[19]
                oldest = min(oldest, boot + int(ticks) / _TICKS)
            held.update(_held_by(process))
    return frozenset(held), oldest


def _held_by(process: Path) -> Iterator[Path]:
    with suppress(OSError):
        yield (process / "cwd").readlink()
    with suppress(OSError):
        for descriptor in os.scandir(process / "fd"):
            with suppress(OSError):
                yield Path(descriptor.path).readlink()
    with suppress(OSError):
        for line in (process / "mountinfo").read_text(errors="replace").splitlines():
            yield Path(line.split(" ")[4])
