"""The content summary of a COPY or ADD: `file:HASH`, `dir:HASH` or `multi:HASH`.

Buildah writes it into the history and finds the instruction's earlier result by it. Facts from
Buildah 1.28 (`add.go`, `digester.go`, `copier/copier.go`): each item that a source names is one
tar stream with times set to zero, closed by two empty blocks; several digests are digested
together. The owners' names are looked up inside the context (see `owners`), and later generations
leave them out (`engine.generation`).
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator

from pipeline.build.context import owners
from pipeline.build.context.inputs import File, Inputs, Place
from pipeline.build.go_tar import go_tar_reader, go_tar_writer
from pipeline.build.go_tar.chown import owner_of
from pipeline.build.go_tar.image_files import ImageFiles, ImageNode
from pipeline.engine.generation import Generation
from pipeline.engine.tar_split import Kind, LayerFile
from pipeline.lean_dataclasses import dataclass
from pipeline.spec.containerfile.steps import BuildStep
from pipeline.spec.context import ContextEntry
from pipeline.spec.model import ROOTFS_TAR
from pipeline.spec.sources import CopySource, is_url, read_source

_LAYER_KINDS: dict[str, Kind] = {"file": "file", "link": "symlink", "folder": "directory"}
_KINDS = {"file": b"0", "link": b"2", "folder": b"5"}


@dataclass(frozen=True)
class Given:
    """What flags of the instruction give every entry; owner None keeps each its own."""

    owner: tuple[int, int] | None = (0, 0)
    mode: int | None = None


def given_of(step: BuildStep, files: Callable[[], ImageFiles]) -> Given:
    """What the flags of a COPY or ADD give; what comes from another image keeps its owners else.

    Args:
        step: the instruction.
        files: of the image so far, asked for only when a name is to be looked up.

    Raises:
        CannotTell: the image so far is not known, or a flag is not.
    """
    chmod = step.flags.get("chmod", "")
    chown = step.flags.get("chown", "")
    owner = None if step.flags.get("from") and not chown else owner_of(chown, files)
    try:
        return Given(owner, int(chmod, 8) if chmod else None)
    except ValueError:
        raise go_tar_reader.CannotTell(f"--chmod={chmod} is not an octal number") from None


def summaries(
    inputs: Inputs,
    place: Place,
    target: str,
    given: Given,
    generation: Generation,
    *,
    unpack: bool,
) -> tuple[str, ...]:
    """What Buildah would write for one COPY or ADD; several when the destination decides.

    A single file goes into a folder that is there under its own name, and else under the name
    that the destination has. On top of the same image the same of the two is always true, so
    that looking for both finds no other instruction's result.

    Args:
        inputs: of the build.
        place: of the instruction.
        target: its destination, variables replaced.
        given: ownership and mode by `--chown` and `--chmod`.
        generation: of the Buildah that copies.
        unpack: whether archives are unpacked (ADD).

    Raises:
        archive.CannotTell: only the build will know.
        OSError: a file cannot be read.
    """
    sources = inputs.reads[place]
    if any(is_url(source.written) for source in sources):
        raise go_tar_reader.CannotTell("what is behind a URL is not known before the build")
    called = (
        [(b"root", b"root")] if owners.carried(inputs) else [(b"root", b"root"), (b"root", b"")]
    )
    if not generation.owners:
        called = [(b"", b"")]
    writers = [_SummaryWriter(inputs, given, one, generation, unpack=unpack) for one in called]
    names: list[bytes | None] = [None]
    last = os.fsencode(target.rstrip("/").rpartition("/")[2])
    if len(sources) == 1 and sources[0].first == "file" and last and not target.endswith("/"):
        names.append(last)
    return tuple(
        dict.fromkeys(together(writer.items(sources, name)) for writer in writers for name in names)
    )


def brought(
    inputs: Inputs, place: Place, given: Given, *, unpack: bool
) -> list[tuple[str, ImageNode]]:
    """What a COPY or ADD brings into the image, by name below its destination.

    Raises:
        archive.CannotTell: it unpacks an archive.
        OSError: a file cannot be read.
    """
    files = {file.path: file for file in inputs.files}
    found: list[tuple[str, ImageNode]] = []
    for entry in (entry for source in inputs.reads[place] for entry in source.entries):
        at = inputs.version.context / entry.place
        if (
            unpack
            and entry.kind == "file"
            and (_is_rootfs(inputs, entry) or go_tar_reader.is_archive(at))
        ):
            raise go_tar_reader.CannotTell(f"{entry.path} is unpacked again")
        file = files[entry.path]
        size = at.stat().st_size if file.kind == "file" else 0
        mode = file.mode if given.mode is None else given.mode
        content = file.digest if file.kind == "link" else ""
        uid, gid = given.owner or (0, 0)
        made = LayerFile(entry.name, _LAYER_KINDS[file.kind], size, mode, uid, gid, content, "0")
        found.append((entry.name, ImageNode(made, at)))
    return found


def _is_rootfs(inputs: Inputs, entry: ContextEntry) -> bool:
    return inputs.rootfs is not None and entry.path == ROOTFS_TAR


def together(items: Iterable[tuple[str, str]]) -> str:
    """One summary of the kinds and digests of several items (CompositeDigester)."""
    digests = [f"{kind}:{digest}" for kind, digest in items]
    if len(digests) < 2:
        return "".join(digests)
    return "multi:" + hashlib.sha256(",".join(digests).encode()).hexdigest()


class _SummaryWriter:
    """Writes the tar streams of a build's items into digests."""

    def __init__(
        self,
        inputs: Inputs,
        given: Given,
        called: tuple[bytes, bytes],
        generation: Generation,
        *,
        unpack: bool,
    ) -> None:
        self._inputs, self._given, self._unpack = inputs, given, unpack
        self._called, self._generation = called, generation
        self._files = {file.path: file for file in inputs.files}

    def items(
        self, sources: Iterable[CopySource], rename: bytes | None
    ) -> Iterator[tuple[str, str]]:
        """The kind and digest of each item that sources name."""
        for source in sources:
            for found in source.found:
                item = self._item(found, source)
                if item is None:
                    continue
                digest = hashlib.sha256()
                for entry in item.entries:
                    self._entry(digest.update, entry, rename, is_item=item.first != "folder")
                digest.update(go_tar_writer.END)
                yield ("dir" if item.first == "folder" else "file"), digest.hexdigest()

    def _item(self, found: str, source: CopySource) -> CopySource | None:
        """One of the paths that a source names, or None when it is left out."""
        if self._inputs.rootfs is not None and found == ROOTFS_TAR:
            return source
        version = self._inputs.version
        item = read_source(found or ".", version.context, self._inputs.ignore, alone=False)
        return None if item.problem else item

    def _entry(
        self,
        put: Callable[[bytes], None],
        entry: ContextEntry,
        rename: bytes | None,
        *,
        is_item: bool,
    ) -> None:
        file = self._files[entry.path]
        path = self._inputs.version.context / entry.place
        if self._inputs.rootfs is not None and _is_rootfs(self._inputs, entry):
            path = self._inputs.rootfs.path
        if self._unpack and is_item and entry.kind == "file" and go_tar_reader.is_archive(path):
            for header, content in go_tar_reader.entries(path):
                put(go_tar_writer.encode(header))
                for part in content:
                    put(part)
                put(go_tar_writer.padding(header.size))
            return
        name = os.fsencode(entry.name)
        size = path.stat().st_size if entry.kind == "file" else 0
        put(go_tar_writer.encode(self._header(file, rename or name, size)))
        if entry.kind == "file":
            with path.open("rb") as content_file:
                while part := content_file.read(1 << 20):
                    put(part)
            put(go_tar_writer.padding(size))

    def _header(self, file: File, name: bytes, size: int) -> go_tar_writer.Header:
        owner = self._given.owner or (0, 0)
        header = go_tar_writer.Header(
            name=name,
            kind=_KINDS[file.kind],
            mode=file.mode if self._given.mode is None else self._given.mode,
            uid=owner[0],
            gid=owner[1],
            size=size,
            link=os.fsencode(file.digest) if file.kind == "link" else b"",
            user=self._called[0],
            group=self._called[1],
        )
        if file.kind != "folder":
            return header
        return go_tar_writer.folder(header, self._generation, chmod=self._given.mode is not None)
