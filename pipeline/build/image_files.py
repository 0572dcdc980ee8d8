"""The content summary of `COPY --from`: of files in an image of the store, without mounting it.

Buildah reads them from the image's mounted root file system; the store's lists of its layers and
the layers' own folders hold the same. Owners keep their numbers, and have the names that the image
itself gives those numbers; where it gives none, some hosts know root and nobody (see `owners`).
"""

from __future__ import annotations

import hashlib
import os
import posixpath
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from pipeline.build import gotar
from pipeline.build.archive import CannotTell
from pipeline.build.summary import Given, together
from pipeline.engine.file_list import LayerFile
from pipeline.engine.storage import StoredLayer
from pipeline.spec.gopath import name_pattern

FileLists = Callable[[StoredLayer], Sequence[LayerFile]]

_FLAGS = {"file": b"0", "symlink": b"2", "directory": b"5"}
_LINKS_FOLLOWED = 40
_SYNTHESIZED = {0: (b"root", b"root"), 65534: (b"nobody", b"nogroup")}
"""The names that nss-systemd gives without any file, by number."""


@dataclass(frozen=True)
class Node:
    """A path of the image: its entry, and the layer that it comes from."""

    file: LayerFile
    layer: StoredLayer


@dataclass(frozen=True)
class ImageFiles:
    """What an image's layers leave on top of each other.

    Attributes:
        nodes: by path, without slashes at its ends.
        children: the names in each folder.
    """

    nodes: Mapping[str, Node]
    children: Mapping[str, tuple[str, ...]]


def image_files(layers: Sequence[StoredLayer], lists: FileLists) -> ImageFiles:
    """The files of an image; whiteouts act on the layers below theirs only (OCI layer.md)."""
    nodes: dict[str, Node] = {}
    for layer in layers:
        entries = lists(layer)
        for entry in entries:
            if entry.kind == "opaque":
                _remove(nodes, entry.path, itself=False)
            elif entry.kind == "whiteout":
                _remove(nodes, entry.path, itself=True)
        for entry in entries:
            if entry.kind in ("opaque", "whiteout"):
                continue
            if entry.kind != "directory":
                _remove(nodes, entry.path, itself=False)
            nodes[entry.path] = Node(entry, layer)
    children: dict[str, list[str]] = {}
    for path in nodes:
        if path:
            children.setdefault(posixpath.dirname(path), []).append(posixpath.basename(path))
    ordered = {folder: tuple(sorted(names, key=os.fsencode)) for folder, names in children.items()}
    return ImageFiles(nodes, ordered)


def summaries_from(
    files: ImageFiles, sources: Sequence[str], target: str, given: Given
) -> tuple[str, ...]:
    """What Buildah would write for a COPY of `sources` from an image; see `summary.summaries`.

    Args:
        files: of the image.
        sources: variables replaced.
        target: the destination.
        given: ownership and mode by flags.

    Raises:
        CannotTell: a file may not be read, or is of a kind that this module does not write.
    """
    found = [path for source in sources for path in _glob(files, source.strip("/"))]
    if not found:
        raise CannotTell(f"{' '.join(sources)} is not in the image")
    renamed: list[bytes | None] = [None]
    last = os.fsencode(target.rstrip("/").rpartition("/")[2])
    single = len(sources) == 1 and not _is_folder(files, _follow(files, found[0]))
    if single and last and not target.endswith("/"):
        renamed.append(last)
    return tuple(
        dict.fromkeys(
            together(_item(files, path, given, name, names) for path in found)
            for names in (_names(files, _SYNTHESIZED), _names(files, {}))
            for name in renamed
        )
    )


@dataclass(frozen=True)
class _Names:
    """The names of users and groups by their numbers."""

    users: Mapping[int, bytes]
    groups: Mapping[int, bytes]


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
    try:
        node = files.nodes[_follow(files, path)]
    except (CannotTell, KeyError):
        return {}
    try:
        text = node.layer.folder.joinpath(node.file.path).read_bytes()
    except OSError as error:
        raise CannotTell(f"/{path} may not be read here: {error.strerror}") from None
    found: dict[int, bytes] = {}
    for line in text.splitlines():
        fields = line.split(b":")
        if len(fields) > 2 and fields[2].isdigit():
            found.setdefault(int(fields[2]), fields[0])
    return found


def _item(
    files: ImageFiles, path: str, given: Given, rename: bytes | None, names: _Names
) -> tuple[str, str]:
    real = _follow(files, path)
    item = _Item(files, given, names)
    if _is_folder(files, real):
        for below in _walk(files, real):
            item.add(below, os.fsencode(below[len(real) :].lstrip("/")))
        return "dir", item.digest()
    item.add(real, rename or os.fsencode(posixpath.basename(path)))
    return "file", item.digest()


class _Item:
    """The tar stream of one item, as a digest."""

    def __init__(self, files: ImageFiles, given: Given, names: _Names) -> None:
        self._files, self._given, self._names = files, given, names
        self._hash = hashlib.sha256()
        self._inodes: dict[tuple[str, str], bytes] = {}

    def digest(self) -> str:
        """The stream's, closed."""
        self._hash.update(gotar.END)
        return self._hash.hexdigest()

    def add(self, path: str, name: bytes) -> None:
        """One entry, and a file's content."""
        node = self._inode(path)
        file = node.file
        if file.kind not in _FLAGS or file.xattrs:
            raise CannotTell(f"/{path} is a device or has extended attributes")
        uid, gid = self._given.owner or (file.uid, file.gid)
        header = gotar.Header(
            name=name,
            kind=_FLAGS[file.kind],
            mode=file.mode if self._given.mode is None else self._given.mode,
            uid=uid,
            gid=gid,
            size=file.size if file.kind == "file" else 0,
            link=os.fsencode(file.content) if file.kind == "symlink" else b"",
            user=self._names.users.get(file.uid, b""),
            group=self._names.groups.get(file.gid, b""),
        )
        if file.kind != "file":
            self._hash.update(gotar.encode(header))
            return
        inode = (node.layer.id, file.path)
        if (known := self._inodes.get(inode)) is not None:
            self._hash.update(gotar.encode(replace(header, kind=b"1", size=0, link=known)))
            return
        self._inodes[inode] = name
        self._hash.update(gotar.encode(header))
        self._content(node)

    def _inode(self, path: str) -> Node:
        """What a path is; for a hard link, the file that it is a name of."""
        node = self._files.nodes[path]
        if node.file.kind != "hardlink":
            return node
        target = self._files.nodes.get(node.file.content.strip("/").removeprefix("./"))
        if target is None:
            raise CannotTell(f"/{path} is a hard link to nothing")
        return target

    def _content(self, node: Node) -> None:
        try:
            with node.layer.folder.joinpath(node.file.path).open("rb") as content:
                while part := content.read(1 << 20):
                    self._hash.update(part)
        except OSError as error:
            reason = f"/{node.file.path} may not be read here: {error.strerror}"
            raise CannotTell(reason) from None
        self._hash.update(gotar.padding(node.file.size))


def _is_folder(files: ImageFiles, path: str) -> bool:
    return not path or files.nodes[path].file.kind == "directory"


def _walk(files: ImageFiles, folder: str) -> Iterator[str]:
    waiting = [folder]
    while waiting:
        path = waiting.pop()
        if path != folder:
            yield path
        if _is_folder(files, path):
            names = files.children.get(path, ())
            waiting += [posixpath.join(path, name) for name in reversed(names)]


def _glob(files: ImageFiles, pattern: str) -> list[str]:
    if not set("*?[").isdisjoint(posixpath.dirname(pattern)):
        raise CannotTell(f"the pattern {pattern}")
    folder, _, name = pattern.rpartition("/")
    real = _follow(files, folder)
    if set("*?[").isdisjoint(name):
        path = posixpath.join(real, name) if name else real
        return [path] if path in files.nodes or not path else []
    fits = name_pattern(name)
    names = files.children.get(real, ())
    return [posixpath.join(real, one) for one in names if fits.matches(one)]


def _follow(files: ImageFiles, path: str) -> str:
    """Where a path leads to, all links followed inside the image."""
    done: list[str] = []
    left = [part for part in reversed(path.split("/")) if part]
    followed = 0
    while left:
        part = left.pop()
        if part in {".", ".."}:
            done = done[:-1] if part == ".." else done
            continue
        node = files.nodes.get("/".join([*done, part]))
        if node is not None and node.file.kind == "symlink":
            followed += 1
            if followed > _LINKS_FOLLOWED:
                raise CannotTell(f"/{path} is a loop of links")
            target = node.file.content
            done = [] if target.startswith("/") else done
            left += [one for one in reversed(target.split("/")) if one]
        else:
            done.append(part)
    found = "/".join(done)
    if found and found not in files.nodes:
        raise CannotTell(f"/{path} is not in the image")
    return found


def _remove(nodes: dict[str, Node], path: str, *, itself: bool) -> None:
    start = f"{path}/" if path else ""
    for below in [one for one in nodes if one.startswith(start) and one != path]:
        del nodes[below]
    if itself:
        nodes.pop(path, None)
