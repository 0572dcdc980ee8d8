"""A build context as Buildah walks it: the root of a file system of its own.

Facts from Buildah 1.28 (`add.go`, `copier/copier.go`): absolute links and `..` stay inside; a link
that is itself a source is followed, links below a source are copied as links; sockets are passed
over.
"""

from __future__ import annotations

import errno
import os
import posixpath
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

from pipeline.lean_dataclasses import dataclass, field
from pipeline.spec.gopath import clean, has_meta, name_pattern
from pipeline.spec.ignorefile import IgnoreRules
from pipeline.spec.links import follow, target_on_disk

Kind = Literal["file", "folder", "link", "other"]
Problem = Literal["outside", "missing", "ignored", "unreadable", "pattern", "name"]
_OWN_LINKS = 16
"""Links on a source's own place that copier follows, less one (buildah, copier.go)."""
_SPECIAL_BITS = stat.S_ISUID | stat.S_ISGID


@dataclass(frozen=True)
class ContextEntry:
    """Something that is copied.

    Attributes:
        path: where it lies, relative to the context, links followed, with slashes.
        name: where it goes, relative to the destination folder.
        kind: `other` is a FIFO or a device.
        mode: the permission bits that it gets; Buildah takes away setuid and setgid.
        size: in bytes; 0 for what is not a file.
        target: of a link, as it is written in it.
        place: where it really lies, relative to the context: `path` with the links among its
            folders followed.
    """

    path: str
    name: str
    kind: Kind
    mode: int
    size: int = 0
    target: str = ""
    place: str = field(default="", compare=False)


def ways(path: str, context: Path) -> Iterator[str]:
    """The paths that Buildah looks up for a found path, one after the other: a link to a link.

    It puts the target of a link in the place of the link's name, letter by letter, while the
    kernel would follow the links among the folders first.
    """
    yield from ContextReader(context, IgnoreRules()).ways(path)


def place_of(path: str, context: Path) -> str | None:
    """Where a path really lies, relative to the context: the links among its folders followed."""
    return ContextReader(context, IgnoreRules()).place(path)


def leads_to(path: str, context: Path) -> str | None:
    """What a path leads to, relative to the context, all links followed; None for nothing."""
    return ContextReader(context, IgnoreRules()).leads_to(path)


class Stopped(Exception):
    """Buildah stops at the source."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.problem = problem


class ContextReader:
    """A context as the root of a file system; paths are relative to it, "" is the context."""

    def __init__(self, root: Path, ignore: IgnoreRules) -> None:
        self._root = root
        self._target_of = target_on_disk(root)
        self._ignore = ignore

    def glob(self, pattern: str) -> list[str]:
        """The paths that a pattern names, names sorted in each folder (`filepath.Glob`)."""
        if not has_meta(pattern):
            return [pattern] if self._lexists(pattern) else []
        names = pattern.split("/")
        first = next(index for index, name in enumerate(names) if has_meta(name))
        found = ["/".join(names[:first])]
        for fits in map(name_pattern, names[first:]):
            below = (item for folder in found for item in reversed(self._inside(folder)))
            found = [path for path, at in below if fits.matches(at.name)]
        return found

    def _inside(self, folder: str) -> list[tuple[str, Path]]:
        """What a path holds; nothing when it is no folder or cannot be read, as for Go's Glob."""
        try:
            real = self._real(folder)
            return [] if real is None or not real.is_dir() else _last_first(folder, real)
        except OSError:
            return []

    def kind(self, path: str) -> Kind | None:
        """What a path is, links followed; None for a link to nothing."""
        real = self._real(path)
        return None if real is None else _kind(os.lstat(real).st_mode)

    def copied(self, found: Sequence[str], *, folder: bool) -> tuple[list[ContextEntry], bool]:
        """What is copied for found paths, and whether Buildah counts it as something."""
        entries: list[ContextEntry] = []
        counted = False
        for path in found:
            if path and self._ignore.excludes(path):
                is_folder = self.kind(path) == "folder"
                if not is_folder or not self._ignore.copies_anyway(path):
                    continue
            elif not path or folder:
                counted = True
            # Buildah takes a found name for a pattern once more: `[a]` brings the file `a`.
            for item in self.glob(path) if has_meta(path) else [path]:
                entries += self._item(item)
        return entries, counted or bool(entries)

    def shown(self, path: str, kind: Kind) -> Iterator[ContextEntry]:
        """What a path leads to, and everything below it."""
        real = self._real(path)
        if real is None:
            return
        actual = self._relative(real)
        if any(one and self._ignore.excludes(one) for one in (path, actual)):
            yield from ContextReader(self._root, IgnoreRules()).shown(path, kind)
        elif kind == "folder":
            yield from self._below(actual)
        else:
            yield _entry(actual, posixpath.basename(path), real.lstat(), "", actual)

    def place(self, path: str) -> str | None:
        """Where a path lies: its folders' links are followed, and not its own."""
        parent, _, name = path.rpartition("/")
        real = self._real(parent)
        return None if real is None else self._relative(real / name)

    def leads_to(self, path: str) -> str | None:
        """Where a path leads, its own link followed, too."""
        real = self._real(path)
        return None if real is None else self._relative(real)

    def ways(self, path: str) -> Iterator[str]:
        """The path, and what each link on its own place makes of it."""
        for _ in range(_OWN_LINKS):
            yield path
            at = self._at(path)
            if not at.is_symlink():
                return
            path = _replaced(path, str(at.readlink()))

    def _relative(self, at: Path) -> str:
        return "" if at == self._root else str(at.relative_to(self._root))

    def _item(self, path: str) -> Iterator[ContextEntry]:
        actual = self._followed(path)
        at = self._at(actual)
        status = at.lstat()
        if stat.S_ISDIR(status.st_mode):
            yield from self._below(actual)
        elif actual and self._ignore.excludes(actual):
            raise Stopped("ignored")  # a link to it is no way around
        else:
            yield _entry(actual, path.rpartition("/")[2], status, "", self._relative(at))

    def _below(self, folder: str) -> Iterator[ContextEntry]:
        """All that is copied of a folder, in the order of a walk that sorts each folder's names."""
        waiting = _last_first(folder, self._at(folder))
        while waiting:
            path, at = waiting.pop()
            status = at.lstat()
            is_folder = stat.S_ISDIR(status.st_mode)
            if stat.S_ISSOCK(status.st_mode):
                continue
            if self._ignore.excludes(path):
                if is_folder and self._ignore.walks_into(path):
                    waiting += _last_first(path, at)
                continue
            target = str(at.readlink()) if stat.S_ISLNK(status.st_mode) else ""
            name = path[len(folder) :].lstrip("/")
            yield _entry(path, name, status, target, self._relative(at))
            if is_folder:
                waiting += _last_first(path, at)

    def _lexists(self, path: str) -> bool:
        parent, _, name = path.rpartition("/")
        real = self._real(parent)
        return real is not None and os.path.lexists(real / name)

    def _followed(self, path: str) -> str:
        """Where a source leads to when it is a link, relative to the context."""
        for _ in range(_OWN_LINKS):
            at = self._at(path)
            if not at.is_symlink():
                return path
            path = _replaced(path, str(at.readlink()))
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)

    def _at(self, path: str) -> Path:
        """The path on disk of a path whose folders may be links."""
        parent, _, name = path.rpartition("/")
        real = self._real(parent)
        if real is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        return real / name

    def _real(self, path: str) -> Path | None:
        """The path on disk with all links followed inside the context; None when it is none."""
        at = self._root / follow(path, self._target_of)
        return at if os.path.lexists(at) else None


def _last_first(folder: str, at: Path) -> list[tuple[str, Path]]:
    """What a folder holds, as paths in the context and on disk, sorted by name, the last first."""
    inside = sorted(at.iterdir(), key=lambda below: os.fsencode(below.name), reverse=True)
    return [(f"{folder}/{below.name}" if folder else below.name, below) for below in inside]


def _replaced(path: str, target: str) -> str:
    """A path with the target of the link that it names in the place of its last name."""
    parent = "" if target.startswith("/") else path.rpartition("/")[0]
    return clean(f"/{parent}/{target}").strip("/")


def _entry(path: str, name: str, status: os.stat_result, target: str, place: str) -> ContextEntry:
    kind = _kind(status.st_mode)
    mode = stat.S_IMODE(status.st_mode) & ~_SPECIAL_BITS
    size = status.st_size if kind == "file" else 0
    return ContextEntry(path, name, kind, mode, size, target, place)


def _kind(mode: int) -> Kind:
    if stat.S_ISREG(mode):
        return "file"
    if stat.S_ISDIR(mode):
        return "folder"
    return "link" if stat.S_ISLNK(mode) else "other"
