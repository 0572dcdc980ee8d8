"""Which files of a context a COPY or an ADD reads, exactly as Buildah reads them.

Facts from Buildah 1.28 (`add.go`, `copier/copier.go`): it works inside the context as if that
were the root of the file system, so absolute links and `..` stay inside; a link that is itself a
source is followed, links below a source are copied as links; sockets are passed over.
"""

from __future__ import annotations

import os
import posixpath
from pathlib import Path
from typing import Literal

from pipeline.lean_dataclasses import dataclass
from pipeline.spec.context import ContextEntry, ContextReader, Kind, Problem, Stopped
from pipeline.spec.gopath import BadPattern, clean, has_meta
from pipeline.spec.ignorefile import IgnoreRules


@dataclass(frozen=True)
class CopySource:
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
    entries: tuple[ContextEntry, ...] = ()
    problem: Problem | None = None
    detail: str = ""
    instead: bool = False


def is_url(source: str) -> bool:
    """Whether ADD fetches it (and COPY refuses it)."""
    return source.startswith(("http://", "https://"))


def read_source(
    written: str, context: Path, ignore: IgnoreRules, *, alone: bool = True
) -> CopySource:
    """What a source of a COPY or ADD comes to.

    Args:
        written: as it stands in the instruction, variables replaced.
        context: the folder of the build.
        ignore: what of it is left out.
        alone: whether it is the instruction's only source.
    """
    if is_url(written):
        return CopySource(written, "url")
    kind: Literal["path", "pattern"] = "pattern" if not set("*?[").isdisjoint(written) else "path"
    try:
        return _read(written, kind, context, ignore, alone=alone)
    except Stopped as stopped:
        return CopySource(written, kind, problem=stopped.problem)
    except BadPattern as error:
        return CopySource(written, kind, problem="pattern", detail=str(error))
    except ValueError:  # a NUL, or what no file name can hold
        return CopySource(written, kind, problem="missing")
    except OSError as error:
        detail = f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror)
        return CopySource(written, kind, problem="unreadable", detail=detail)


def read_below(written: str, context: Path, ignore: IgnoreRules) -> CopySource:
    """What a path of the context shows to somebody who is given it whole, as a bind mount is.

    Links among its folders are followed as if the context were the root of a file system. What
    lies below it is left out by the ignore file, unless the file leaves out the path itself.
    """
    relative = posixpath.normpath(written.lstrip("/") or ".")
    root = Path(clean(os.path.abspath(context)))  # noqa: PTH100 (as `read_source`)
    path = "" if relative == "." else relative
    try:
        if relative == ".." or relative.startswith("../"):
            raise Stopped("outside")
        reader = ContextReader(root, ignore)
        kind = reader.kind(path)
        if kind is None:
            raise Stopped("missing")
        return CopySource(written, "path", (path,), kind, tuple(reader.shown(path, kind)))
    except Stopped as stopped:
        return CopySource(written, "path", problem=stopped.problem)
    except OSError as error:
        detail = f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror)
        return CopySource(written, "path", problem="unreadable", detail=detail)


def _read(
    written: str,
    kind: Literal["path", "pattern"],
    context: Path,
    ignore: IgnoreRules,
    *,
    alone: bool,
) -> CopySource:
    root = clean(os.path.abspath(context))  # noqa: PTH100 (by name only: links are not followed)
    relative = posixpath.relpath(f"{root}/{written}", root)
    inside = clean(f"/{relative}").strip("/")
    outside = relative == ".." or relative.startswith("../")
    reader = ContextReader(Path(root), ignore)
    found = reader.glob(inside)
    if not found:
        raise Stopped("outside" if outside else "missing")
    if any(not reader.glob(name) for name in found if has_meta(name)):
        raise Stopped("name")
    kinds = [reader.kind(path) for path in found]  # a loop of links among them ends the build
    first = kinds[0]
    entries, counted = reader.copied(found, folder=not alone or first == "folder")
    if not counted:
        raise Stopped("ignored")
    return CopySource(written, kind, tuple(found), first, tuple(entries), instead=outside)
