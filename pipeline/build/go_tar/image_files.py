"""The files of an image of the store, without mounting it, and of one that is about to be made.

The store's lists of its layers and the layers' own folders hold what Buildah would mount.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path

from pipeline.build.go_tar.go_tar_reader import CannotTell
from pipeline.engine import command
from pipeline.engine.storage import StoredLayer
from pipeline.engine.tar_split import LayerFile
from pipeline.errors import CapasError
from pipeline.lean_dataclasses import dataclass, replace
from pipeline.spec.gopath import name_pattern
from pipeline.spec.links import follow

FileLists = Callable[[StoredLayer], Sequence[LayerFile]]

_PIECE = 1 << 20


@dataclass(frozen=True)
class ImageNode:
    """A path of an image: its entry, and where its content lies on this machine.

    A hard link is the entry of the file that it is a name of.
    """

    file: LayerFile
    place: Path


@dataclass(frozen=True)
class ImageFiles:
    """What an image's layers leave on top of each other.

    Attributes:
        nodes: by path, without slashes at its ends.
        environment: of the engine, in whose user namespace files that are closed to us are read.
    """

    nodes: Mapping[str, ImageNode]
    environment: Mapping[str, str] | None = None

    @cached_property
    def children(self) -> Mapping[str, tuple[str, ...]]:
        """The names in each folder, sorted as bytes."""
        found: dict[str, list[str]] = {}
        for path in self.nodes:
            if path:
                found.setdefault(posixpath.dirname(path), []).append(posixpath.basename(path))
        return {folder: tuple(sorted(names, key=os.fsencode)) for folder, names in found.items()}

    def is_folder(self, path: str) -> bool:
        """Whether a path that is there is a folder."""
        return not path or self.nodes[path].file.kind == "directory"

    def follow(self, path: str) -> str:
        """Where a path leads to, all links followed inside the image; it need not be there.

        Raises:
            CannotTell: the links go round in a circle.
        """
        try:
            return follow(path, self._target)
        except OSError:
            raise CannotTell(f"/{path} is a loop of links") from None

    def _target(self, place: str) -> str | None:
        node = self.nodes.get(place)
        return node.file.content if node and node.file.kind == "symlink" else None

    def found(self, path: str) -> str:
        """Where a path leads to.

        Raises:
            CannotTell: nowhere.
        """
        found = self.follow(path)
        if found and found not in self.nodes:
            raise CannotTell(f"/{path} is not in the image")
        return found

    def glob(self, pattern: str) -> list[str]:
        """The paths that a source of `COPY --from` names.

        Raises:
            CannotTell: a folder of the pattern is a pattern.
        """
        folder, _, name = pattern.strip("/").rpartition("/")
        if not set("*?[").isdisjoint(folder):
            raise CannotTell(f"the pattern {pattern}")
        real = self.follow(folder)
        if set("*?[").isdisjoint(name):
            path = posixpath.join(real, name) if name else real
            return [path] if not path or path in self.nodes else []
        fits = name_pattern(name)
        return [
            posixpath.join(real, one) for one in self.children.get(real, ()) if fits.matches(one)
        ]

    def table(self, path: str) -> list[list[bytes]]:
        """The fields of each line of a file like /etc/passwd; none when it does not exist.

        Raises:
            CannotTell: it may not be read on this machine.
        """
        try:
            node = self.nodes[self.found(path)]
        except (CannotTell, KeyError):
            return []
        return [line.split(b":") for line in b"".join(self.content(node)).splitlines()]

    def content(self, node: ImageNode) -> Iterator[bytes]:
        """The bytes of a file, in pieces.

        Raises:
            CannotTell: it may not be read on this machine.
        """
        try:
            with node.place.open("rb") as file:
                while piece := file.read(_PIECE):
                    yield piece
        except PermissionError:
            yield from self._closed(node)
        except OSError as error:
            raise _unreadable(node, error.strerror) from None

    def _closed(self, node: ImageNode) -> list[bytes]:
        """The bytes of a file that another user of the image keeps to itself."""
        pieces: list[bytes] = []
        argv = ["buildah", "unshare", "cat", "--", str(node.place)]
        try:
            command.pump(argv, environment=self.environment, sink=pieces.append)
        except CapasError as error:
            raise _unreadable(node, error.details) from None
        return pieces

    def below(self, folder: str) -> Iterator[str]:
        """All paths below a folder, each folder's names in order, as Go walks it."""
        waiting = [folder]
        while waiting:
            path = waiting.pop()
            if path != folder:
                yield path
            if self.is_folder(path):
                names = self.children.get(path, ())
                waiting += [posixpath.join(path, name) for name in reversed(names)]


NOTHING = ImageFiles({})
"""The files of `scratch`."""


def image_files(
    layers: Sequence[StoredLayer],
    lists: FileLists,
    environment: Mapping[str, str] | None = None,
) -> ImageFiles:
    """The files of an image; whiteouts act on the layers below theirs only (OCI layer.md)."""
    nodes: dict[str, ImageNode] = {}
    for layer in layers:
        entries = lists(layer)
        for entry in entries:
            if entry.kind == "opaque":
                _remove_below(nodes, entry.path)
            elif entry.kind == "whiteout":
                _remove_below(nodes, entry.path)
                nodes.pop(entry.path, None)
        for entry in entries:
            if entry.kind not in ("opaque", "whiteout"):
                _place(nodes, _node(nodes, layer, entry), entry.path)
    return ImageFiles(nodes, environment)


def with_copied(
    files: ImageFiles,
    brought: Iterable[tuple[str, ImageNode]],
    target: str,
    *,
    into: bool,
    owner: tuple[int, int],
) -> ImageFiles:
    """The files after a COPY (`add.go`, copier's put).

    Args:
        files: before.
        brought: what is copied, by name below the target.
        target: absolute; a slash at its end makes it a folder.
        into: whether the target is a folder by the sources: several, or one folder.
        owner: of folders that are made on the way.
    """
    nodes = dict(files.nodes)
    path = files.follow(target.strip("/"))
    there = nodes.get(path)
    into = into or target.endswith("/") or not path
    into = into or (there is not None and there.file.kind == "directory")
    folder = path if into else posixpath.dirname(path)
    _make_folders(nodes, folder, owner)
    for name, node in brought:
        full = posixpath.join(folder, name if into else posixpath.basename(path))
        _make_folders(nodes, posixpath.dirname(full), owner)
        _place(nodes, replace(node, file=replace(node.file, path=full)), full)
    return ImageFiles(nodes, files.environment)


def _unreadable(node: ImageNode, why: str | None) -> CannotTell:
    return CannotTell(f"/{node.file.path} may not be read here: {why}")


def _node(nodes: Mapping[str, ImageNode], layer: StoredLayer, entry: LayerFile) -> ImageNode:
    if entry.kind != "hardlink":
        return ImageNode(entry, layer.folder / entry.path)
    target = nodes.get(entry.content.strip("/").removeprefix("./"))
    return target or ImageNode(entry, layer.folder / entry.path)


def _place(nodes: dict[str, ImageNode], node: ImageNode, path: str) -> None:
    there = nodes.get(path)
    if there is not None and there.file.kind == "directory" and node.file.kind != "directory":
        _remove_below(nodes, path)
    nodes[path] = node


def _make_folders(nodes: dict[str, ImageNode], folder: str, owner: tuple[int, int]) -> None:
    missing = []
    while folder and folder not in nodes:
        missing.append(folder)
        folder = posixpath.dirname(folder)
    for path in reversed(missing):
        made = LayerFile(path, "directory", 0, 0o755, *owner, "", "0")
        nodes[path] = ImageNode(made, Path())


def _remove_below(nodes: dict[str, ImageNode], path: str) -> None:
    start = f"{path}/" if path else ""
    for below in [one for one in nodes if one.startswith(start) and one != path]:
        del nodes[below]
