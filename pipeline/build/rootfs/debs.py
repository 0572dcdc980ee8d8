"""Many package files to one tar: merged, sorted, all of it owned by 0:0, equal bytes every time.

Nothing is unpacked on the host: each package's files are read as a tar and copied into the one
that is written, so any user can do it, with no user namespace, and setuid bits, links and names
arrive as they were packed. No script of a package runs; what a root file system needs of the
scripts of base-passwd, base-files and usrmerge (/etc/passwd, /var/run, /bin → usr/bin) is made
here. Each package's description goes to var/lib/dpkg/status.d, where scanners for known holes
look for it.
"""

from __future__ import annotations

import fnmatch
import io
import tarfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import IO

from pipeline.engine import command
from pipeline.errors import EngineError
from pipeline.lean_dataclasses import dataclass

MOVED = {
    "bin": "usr/bin",
    "lib": "usr/lib",
    "lib64": "usr/lib64",
    "sbin": "usr/sbin",
    "var/lock": "run/lock",
    "var/run": "run",
}
"""Folders that a link stands for today: what is packed below the first goes to the second."""

_NOT_WANTED = (
    "usr/share/man/*",
    "usr/share/info/*",
    "usr/share/locale/*",
    "usr/share/lintian/*",
    "usr/share/bash-completion/*",
    "usr/share/doc-base/*",
)
_FOLDERS = ("etc", "dev", "home", "proc", "root", "run", "sys", "tmp", "var/tmp")
_FOLDER_MODES = {"root": 0o700, "tmp": 0o1777, "var/tmp": 0o1777}
_COPIED = {
    "etc/passwd": "usr/share/base-passwd/passwd.master",
    "etc/group": "usr/share/base-passwd/group.master",
}


@dataclass(frozen=True)
class DebEntry:
    """One path of the merged tree, and where its bytes lie.

    Attributes:
        archive: the tar that holds it, or None for an entry that is made here.
        offset: of its bytes in that tar.
        made: the bytes of an entry that is made here.
    """

    info: tarfile.TarInfo
    archive: Path | None = None
    offset: int = 0
    made: bytes = b""


def write_rootfs(debs: Sequence[Path], work: Path, target: Path, exclude: Sequence[str]) -> None:
    """Merge the files of `debs` into the tar `target`.

    Args:
        debs: package files; of two that hold the same path, the later one wins.
        work: an empty folder for the packages' uncompressed tars.
        exclude: glob patterns of paths that are left out.

    Raises:
        HostUnable: dpkg-deb is not installed.
        EngineError: a package cannot be read.
    """
    tree: dict[str, DebEntry] = {}
    for deb in debs:
        data = work / f"{deb.name}.tar"
        command.run_into(["dpkg-deb", "--fsys-tarfile", str(deb)], data)
        try:
            for entry in _entries(data):
                if is_wanted(entry.info.name, exclude):
                    tree[entry.info.name] = entry
        except tarfile.TarError as error:
            raise EngineError(f"{deb.name} is not a readable package", details=str(error)) from None
        about = command.run(["dpkg-deb", "--field", str(deb)]).stdout.encode()
        name = f"var/lib/dpkg/status.d/{deb.name.split('_')[0]}"
        tree[name] = DebEntry(_made(name, tarfile.REGTYPE, 0o644, size=len(about)), made=about)
    _complete(tree)
    with target.open("wb") as out:
        _write(tree, out)


def is_wanted(path: str, exclude: Iterable[str]) -> bool:
    """Whether a path belongs into the image: no manuals, no translations, but every licence."""
    if path.startswith("usr/share/doc/"):
        return PurePosixPath(path).name == "copyright"
    parents = [path, *(str(parent) for parent in PurePosixPath(path).parents)][:-1]
    return not any(
        fnmatch.fnmatchcase(name, pattern)
        for pattern in (*_NOT_WANTED, *exclude)
        for name in parents
    )


def place_of(name: str) -> str:
    """A packed path as it lies in the tree: no leading `./`, and where `MOVED` says."""
    path = name.removeprefix(".").strip("/")
    for old, new in MOVED.items():
        if path == old or path.startswith(f"{old}/"):
            return new + path[len(old) :]
    return path


def _entries(data: Path) -> Iterator[DebEntry]:
    with tarfile.open(data, "r:") as archive:
        for info in archive:
            info.name = place_of(info.name)
            if info.islnk():
                info.linkname = place_of(info.linkname)
            if info.name:
                yield DebEntry(info, data, info.offset_data)


def _complete(tree: dict[str, DebEntry]) -> None:
    for name, moved in MOVED.items():
        if moved in tree:
            link = "../" * name.count("/") + moved
            tree[name] = DebEntry(_made(name, tarfile.SYMTYPE, 0o777, linkname=link))
    for name in _FOLDERS:
        mode = _FOLDER_MODES.get(name, 0o755)
        tree.setdefault(name, DebEntry(_made(name, tarfile.DIRTYPE, mode)))
    for name, master in _COPIED.items():
        if name not in tree and master in tree:
            source = tree[master]
            made = _made(name, tarfile.REGTYPE, 0o644, size=source.info.size)
            tree[name] = DebEntry(made, source.archive, source.offset)
    for path in list(tree):
        for parent in PurePosixPath(path).parents:
            if (name := str(parent)) != ".":
                tree.setdefault(name, DebEntry(_made(name, tarfile.DIRTYPE, 0o755)))


def _made(
    name: str, kind: bytes, mode: int, *, linkname: str = "", size: int = 0
) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.mode, info.linkname, info.size = kind, mode, linkname, size
    return info


def _write(tree: dict[str, DebEntry], out: IO[bytes]) -> None:
    # A hard link must follow what it names, so all of them come last.
    order = sorted(tree.items(), key=lambda item: (item[1].info.islnk(), item[0].split("/")))
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, entry in order:
            info = entry.info
            if info.islnk() and info.linkname not in tree:
                continue
            plain = _made(name, info.type, info.mode, linkname=info.linkname)
            if info.isreg():
                plain.size = info.size
            if entry.archive is None or not info.isreg():
                archive.addfile(plain, io.BytesIO(entry.made))
                continue
            with entry.archive.open("rb") as data:
                data.seek(entry.offset)
                archive.addfile(plain, data)
