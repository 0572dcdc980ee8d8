"""Which files of a context a COPY or an ADD reads, exactly as Buildah reads them.

Facts from Buildah 1.28 (`add.go`, `copier/copier.go`): it works inside the context as if that
were the root of the file system, so absolute links and `..` stay inside; a link that is itself a
source is followed, links below a source are copied as links; sockets are passed over.
"""

from __future__ import annotations

import errno
import os
import posixpath
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pipeline.spec.gopath import BadPattern, clean, has_meta, name_pattern
from pipeline.spec.ignorefile import IgnoreRules

Kind = Literal["file", "folder", "link", "other"]
Problem = Literal["outside", "missing", "ignored", "unreadable", "pattern", "name"]
_LINKS_FOLLOWED = 16
_LINKS_RESOLVED = 64
_SPECIAL_BITS = stat.S_ISUID | stat.S_ISGID


@dataclass(frozen=True)
class Entry:
    """Something that is copied.

    Attributes:
        path: where it lies, relative to the context, links followed, with slashes.
        name: where it goes, relative to the destination folder.
        kind: `other` is a FIFO or a device.
        mode: the permission bits that it gets; Buildah takes away setuid and setgid.
        size: in bytes; 0 for what is no file.
        target: of a link, as it is written in it.
    """

    path: str
    name: str
    kind: Kind
    mode: int
    size: int = 0
    target: str = ""


@dataclass(frozen=True)
class Source:
    """What one source of a COPY or ADD comes to.

    Attributes:
        written: the source, variables replaced.
        kind: `url` is fetched by ADD and read from no context.
        found: the paths in the context that it names: one, or what its pattern matches.
        first: what the first of `found` is, links followed.
        entries: all that is copied for it, in Buildah's order.
        problem: why Buildah stops at it: `outside` the context, `missing`, `ignored` (all of it
            left out by the ignore file), `unreadable`, `pattern` (cannot be read), or `name`
            (a found name that is read as a pattern again and then matches nothing).
        detail: more about the problem.
        instead: whether it points outside the context: Buildah takes `..` above the context for
            the context, and so copies something else than what is named.
    """

    written: str
    kind: Literal["path", "pattern", "url"]
    found: tuple[str, ...] = ()
    first: Kind | None = None
    entries: tuple[Entry, ...] = ()
    problem: Problem | None = None
    detail: str = ""
    instead: bool = False


def is_url(source: str) -> bool:
    """Whether ADD fetches it (and COPY refuses it)."""
    return source.startswith(("http://", "https://"))


def read_source(written: str, context: Path, ignore: IgnoreRules, *, alone: bool = True) -> Source:
    """What a source of a COPY or ADD comes to.

    Args:
        written: as it stands in the instruction, variables replaced.
        context: the folder of the build.
        ignore: what of it is left out.
        alone: whether it is the instruction's only source.
    """
    if is_url(written):
        return Source(written, "url")
    kind: Literal["path", "pattern"] = "pattern" if not set("*?[").isdisjoint(written) else "path"
    try:
        return _read(written, kind, context, ignore, alone=alone)
    except _Stopped as stopped:
        return Source(written, kind, problem=stopped.problem)
    except BadPattern as error:
        return Source(written, kind, problem="pattern", detail=str(error))
    except ValueError:  # a NUL, or what no file name can hold
        return Source(written, kind, problem="missing")
    except OSError as error:
        detail = f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror)
        return Source(written, kind, problem="unreadable", detail=detail)


class _Stopped(Exception):
    """Buildah stops at the source."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.problem = problem


def _read(
    written: str,
    kind: Literal["path", "pattern"],
    context: Path,
    ignore: IgnoreRules,
    *,
    alone: bool,
) -> Source:
    root = clean(os.path.abspath(context))  # noqa: PTH100 (by name only: links are not followed)
    relative = posixpath.relpath(f"{root}/{written}", root)
    inside = clean(f"/{relative}").strip("/")
    outside = relative == ".." or relative.startswith("../")
    reader = _Reader(Path(root), ignore)
    found = reader.glob(inside)
    if not found:
        raise _Stopped("outside" if outside else "missing")
    if any(not reader.glob(name) for name in found if has_meta(name)):
        raise _Stopped("name")
    kinds = [reader.kind(path) for path in found]  # a loop of links among them ends the build
    first = kinds[0]
    entries, counted = reader.copied(found, folder=not alone or first == "folder")
    if not counted:
        raise _Stopped("ignored")
    return Source(written, kind, tuple(found), first, tuple(entries), instead=outside)


class _Reader:
    """A context as the root of a file system; paths are relative to it, "" is the context."""

    def __init__(self, root: Path, ignore: IgnoreRules) -> None:
        self._root = root
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

    def copied(self, found: Sequence[str], *, folder: bool) -> tuple[list[Entry], bool]:
        """What is copied for found paths, and whether Buildah counts it as something."""
        entries: list[Entry] = []
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

    def _item(self, path: str) -> Iterator[Entry]:
        actual = self._followed(path)
        status = os.lstat(self._at(actual))
        if stat.S_ISDIR(status.st_mode):
            yield from self._below(actual)
        elif actual and self._ignore.excludes(actual):
            raise _Stopped("ignored")  # a link to it is no way around
        else:
            yield _entry(actual, path.rpartition("/")[2], status, "")

    def _below(self, folder: str) -> Iterator[Entry]:
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
            yield _entry(path, path[len(folder) :].lstrip("/"), status, target)
            if is_folder:
                waiting += _last_first(path, at)

    def _lexists(self, path: str) -> bool:
        parent, _, name = path.rpartition("/")
        real = self._real(parent)
        return real is not None and os.path.lexists(real / name)

    def _followed(self, path: str) -> str:
        """Where a source leads to when it is a link, relative to the context."""
        for _ in range(_LINKS_FOLLOWED):
            at = self._at(path)
            if not at.is_symlink():
                return path
            target = str(at.readlink())
            parent = "" if target.startswith("/") else path.rpartition("/")[0]
            path = clean(f"/{parent}/{target}").strip("/")
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
        done: list[str] = []
        left = [part for part in reversed(path.split("/")) if part]
        followed = 0
        while left:
            part = left.pop()
            if part in {".", ".."}:
                done = done[:-1] if part == ".." else done
                continue
            at = self._root.joinpath(*done, part)
            if at.is_symlink():
                followed += 1
                if followed > _LINKS_RESOLVED:
                    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
                target = str(at.readlink())
                done = [] if target.startswith("/") else done
                left += [p for p in reversed(target.split("/")) if p]
            else:
                done.append(part)
        at = self._root.joinpath(*done)
        return at if os.path.lexists(at) else None


def _last_first(folder: str, at: Path) -> list[tuple[str, Path]]:
    """What a folder holds, as paths in the context and on disk, sorted by name, the last first."""
    inside = sorted(at.iterdir(), key=lambda below: os.fsencode(below.name), reverse=True)
    return [(f"{folder}/{below.name}" if folder else below.name, below) for below in inside]


def _entry(path: str, name: str, status: os.stat_result, target: str) -> Entry:
    kind = _kind(status.st_mode)
    mode = stat.S_IMODE(status.st_mode) & ~_SPECIAL_BITS
    return Entry(path, name, kind, mode, status.st_size if kind == "file" else 0, target)


def _kind(mode: int) -> Kind:
    if stat.S_ISREG(mode):
        return "file"
    if stat.S_ISDIR(mode):
        return "folder"
    return "link" if stat.S_ISLNK(mode) else "other"
