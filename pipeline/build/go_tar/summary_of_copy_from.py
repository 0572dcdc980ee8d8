"""The content summary of `COPY --from`: see `summary`.

Owners keep their numbers, and have the names that the image itself gives those numbers; where it
gives none, some hosts know root and nobody (see `owners`).
"""

from __future__ import annotations

import hashlib
import os
import posixpath
from collections.abc import Mapping, Sequence

from pipeline.build.go_tar import go_tar_writer
from pipeline.build.go_tar.content_summary import Given, together
from pipeline.build.go_tar.go_tar_reader import CannotTell
from pipeline.build.go_tar.image_files import ImageFiles, ImageNode
from pipeline.engine.generation import Generation
from pipeline.lean_dataclasses import dataclass, field, replace

_FLAGS = {"file": b"0", "symlink": b"2", "directory": b"5"}
_SYNTHESIZED = {0: (b"root", b"root"), 65534: (b"nobody", b"nogroup")}
"""The names that nss-systemd gives without any file, by number."""


def summaries_from(
    files: ImageFiles,
    sources: Sequence[str],
    target: str,
    given: Given,
    generation: Generation,
) -> tuple[str, ...]:
    """What Buildah would write for a COPY of `sources` from an image; see `summary.summaries`.

    Args:
        files: of the image.
        sources: variables replaced.
        target: the destination.
        given: ownership and mode by flags.
        generation: of the Buildah that copies.

    Raises:
        CannotTell: a file may not be read, or is of a kind that this module does not write.
    """
    found = [path for source in sources for path in files.glob(source)]
    if not found:
        raise CannotTell(f"{' '.join(sources)} is not in the image")
    renamed: list[bytes | None] = [None]
    last = os.fsencode(target.rstrip("/").rpartition("/")[2])
    single = len(sources) == 1 and not files.is_folder(files.found(found[0]))
    if single and last and not target.endswith("/"):
        renamed.append(last)
    return tuple(
        dict.fromkeys(
            together(_item(files, path, name, how) for path in found)
            for how in _hows(files, given, generation)
            for name in renamed
        )
    )


def brought_from(
    files: ImageFiles, sources: Sequence[str], given: Given
) -> list[tuple[str, ImageNode]]:
    """What a COPY of `sources` from an image brings, by name below its destination."""
    brought: list[tuple[str, ImageNode]] = []
    for path in (path for source in sources for path in files.glob(source)):
        real = files.found(path)
        if files.is_folder(real):
            brought += [
                (below[len(real) :].lstrip("/"), files.nodes[below]) for below in files.below(real)
            ]
        else:
            brought.append((posixpath.basename(path), files.nodes[real]))
    return [(name, _as_given(node, given)) for name, node in brought]


def _as_given(node: ImageNode, given: Given) -> ImageNode:
    uid, gid = given.owner or (node.file.uid, node.file.gid)
    mode = node.file.mode if given.mode is None else given.mode
    return replace(node, file=replace(node.file, uid=uid, gid=gid, mode=mode))


@dataclass(frozen=True)
class _Names:
    """The names of users and groups by their numbers."""

    users: Mapping[int, bytes] = field(default_factory=dict)
    groups: Mapping[int, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class _How:
    """How headers are written."""

    given: Given
    names: _Names
    generation: Generation


def _hows(files: ImageFiles, given: Given, generation: Generation) -> list[_How]:
    """How the headers may be written; several where the host decides about names."""
    if not generation.owners:
        return [_How(given, _Names(), generation)]
    known = (_names(files, _SYNTHESIZED), _names(files, {}))
    return [_How(given, names, generation) for names in known]


def _names(files: ImageFiles, synthesized: Mapping[int, tuple[bytes, bytes]]) -> _Names:
    users = {number: names[0] for number, names in synthesized.items()}
    groups = {number: names[1] for number, names in synthesized.items()}
    # The user of the namespace knows its own name.
    users[0] = b"root"
    return _Names(
        {**users, **_table(files, "etc/passwd")}, {**groups, **_table(files, "etc/group")}
    )


def _table(files: ImageFiles, path: str) -> dict[int, bytes]:
    """Names by numbers, from a file whose lines begin `name:password:number:`."""
    found: dict[int, bytes] = {}
    for fields in files.table(path):
        if len(fields) > 2 and fields[2].isdigit():
            found.setdefault(int(fields[2]), fields[0])
    return found


def _item(files: ImageFiles, path: str, rename: bytes | None, how: _How) -> tuple[str, str]:
    real = files.found(path)
    item = _Item(files, how)
    if files.is_folder(real):
        for below in files.below(real):
            item.add(below, os.fsencode(below[len(real) :].lstrip("/")))
        return "dir", item.digest()
    item.add(real, rename or os.fsencode(posixpath.basename(path)))
    return "file", item.digest()


class _Item:
    """The tar stream of one item, as a digest."""

    def __init__(self, files: ImageFiles, how: _How) -> None:
        self._files, self._how = files, how
        self._hash = hashlib.sha256()
        self._places: dict[str, bytes] = {}

    def digest(self) -> str:
        """The stream's, closed."""
        self._hash.update(go_tar_writer.END)
        return self._hash.hexdigest()

    def add(self, path: str, name: bytes) -> None:
        """One entry, and a file's content."""
        node = self._files.nodes[path]
        file = node.file
        if file.kind not in _FLAGS or file.xattrs:
            raise CannotTell(f"/{path} is a device or has extended attributes")
        given, names = self._how.given, self._how.names
        uid, gid = given.owner or (file.uid, file.gid)
        header = go_tar_writer.Header(
            name=name,
            kind=_FLAGS[file.kind],
            mode=file.mode if given.mode is None else given.mode,
            uid=uid,
            gid=gid,
            size=file.size if file.kind == "file" else 0,
            link=os.fsencode(file.content) if file.kind == "symlink" else b"",
            user=names.users.get(file.uid, b""),
            group=names.groups.get(file.gid, b""),
        )
        if file.kind == "directory":
            header = go_tar_writer.folder(
                header, self._how.generation, chmod=given.mode is not None
            )
        if file.kind != "file":
            self._hash.update(go_tar_writer.encode(header))
            return
        place = str(node.place)
        if (known := self._places.get(place)) is not None:
            self._hash.update(go_tar_writer.encode(replace(header, kind=b"1", size=0, link=known)))
            return
        self._places[place] = name
        self._hash.update(go_tar_writer.encode(header))
        self._content(node)

    def _content(self, node: ImageNode) -> None:
        for part in self._files.content(node):
            self._hash.update(part)
        self._hash.update(go_tar_writer.padding(node.file.size))
