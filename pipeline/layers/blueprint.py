"""A version's Containerfile with, beside each instruction, what it made in the built image."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property

from pipeline.engine.tar_split import LayerFile
from pipeline.layers.cause import FileLists
from pipeline.layers.chain import HistoryStep, VersionStack
from pipeline.lean_dataclasses import dataclass
from pipeline.spec import model
from pipeline.spec.containerfile import parse
from pipeline.spec.containerfile.build import Build
from pipeline.spec.containerfile.steps import BuildStep as Meant
from pipeline.spec.containerfile.steps import StageBuild

_OURS = '"io.github.capas.'


@dataclass(frozen=True)
class AnnotatedLine:
    """One instruction and its layer.

    Attributes:
        chunk: its lines in the Containerfile, comments and blank lines above included.
        files: what its layer holds; empty without one.
        size: bytes of the layer.
        source: of a COPY or ADD with exactly one source, from the context or a stage, that source.
        target: of a COPY or ADD, the absolute path it copies to.
        flags: of a COPY or ADD, as they stand in the Containerfile.
    """

    keyword: str
    text: str
    chunk: str
    files: tuple[LayerFile, ...] = ()
    size: int = 0
    source: str = ""
    target: str = ""
    flags: tuple[str, ...] = ()

    @cached_property
    def key(self) -> tuple[str, frozenset[str]]:
        """The same instruction in another version: its text, and of a COPY what it brings."""
        return self.text, self.paths if self.copies else frozenset()

    @property
    def copies(self) -> bool:
        """Whether it is a COPY or ADD."""
        return self.keyword in ("COPY", "ADD")

    @cached_property
    def paths(self) -> frozenset[str]:
        """What is in its layer, folders aside."""
        return frozenset(f.path for f in self.files if f.kind != "directory")

    @cached_property
    def reached(self) -> frozenset[str]:
        """`paths`, and its target as it is written: a link may have led from there to them."""
        return self.paths | {f"{self.target.strip('/')}/"}

    @cached_property
    def effect(self) -> frozenset[tuple[object, ...]]:
        """What it did, whenever that was: equal effects are equal layers with fixed times."""
        return frozenset(
            (f.path, f.kind, f.size, f.content, f.mode, f.uid, f.gid, f.xattrs) for f in self.files
        )


@dataclass(frozen=True)
class AnnotatedContainerfile:
    """One version's Containerfile, taken apart.

    Attributes:
        head: the text up to and with what stays at the bottom: the FROM, and of an image that is
            made of packages the ADD of their root file system.
        lines: the instructions that make the image, of all the stages that it goes on from.
        tail: the text below its last instruction.
        base: the diff_ids below the first of `lines`.
        stages_apart: whether there are stages that it only copies from, or not even that.
    """

    name: str
    version: model.Version
    head: str
    lines: tuple[AnnotatedLine, ...]
    tail: str
    base: tuple[str, ...]
    stages_apart: bool = False

    def text(self, lines: tuple[AnnotatedLine, ...]) -> str:
        """The Containerfile with other instructions."""
        return self.head + "".join(line.chunk for line in lines) + self.tail


def annotate_containerfile(
    built: VersionStack, version: model.Version, lists: FileLists
) -> AnnotatedContainerfile | None:
    """Put a version's Containerfile beside its image; None when they do not fit together."""
    text = version.containerfile.read_text(encoding="utf-8", errors="surrogateescape")
    parsed = parse(text, version.containerfile)
    if parsed.findings or not parsed.stages:
        return None
    stage = parsed.stage(version.target) if version.target else parsed.stages[-1]
    if stage is None:
        return None
    walk = Build(context=version.context, args=version.args).stages(parsed)
    chain = _chain(walk, stage.index)
    own = _own_steps(built, [step for link in chain for step in link.steps])
    if own is None:
        return None
    lines = list(_lines(text, chain, own, lists))
    fixed = 1 + max(
        (n for n, line in enumerate(lines) if line.source == model.ROOTFS_TAR), default=0
    )
    movable = tuple(lines[fixed:])
    above_base = sum(1 for line in movable if line.size)
    return AnnotatedContainerfile(
        name=built.name,
        version=version,
        head="".join(line.chunk for line in lines[:fixed]),
        lines=movable,
        tail=text[sum(len(line.chunk) for line in lines) :],
        base=built.image.diff_ids[: len(built.layers) - above_base],
        stages_apart=len(chain) < len(parsed.stages),
    )


def _lines(
    text: str, chain: Sequence[StageBuild], own: Sequence[HistoryStep], lists: FileLists
) -> Iterator[AnnotatedLine]:
    """All instructions of some stages with their FROMs; what lies between belongs to the latter."""
    rows = [f"{row}\n" for row in text.split("\n")]
    made = iter(own)
    above = 0
    for link in chain:
        for step in (link.origin, *link.steps):
            chunk = "".join(rows[above : step.instruction.end_line])
            above = step.instruction.end_line
            if step is link.origin:
                yield AnnotatedLine("FROM", step.instruction.text.strip(), chunk)
            else:
                yield _line(step, next(made), chunk, lists)


def _chain(walk: Sequence[StageBuild], index: int) -> list[StageBuild]:
    """A stage and those that it goes on from, the lowest first."""
    chain = [walk[index]]
    while (below := chain[0].base_stage) is not None:
        chain.insert(0, walk[below])
    return chain


def _own_steps(built: VersionStack, meant: Sequence[Meant]) -> list[HistoryStep] | None:
    """The image's steps that these instructions made; None when they are others."""
    steps = [step for step in built.steps if not _is_ours(step)]
    if not meant or len(meant) > len(steps):
        return None
    own = steps[-len(meant) :]
    for step, instruction in zip(own, meant, strict=True):
        if step.instruction.keyword != instruction.keyword or instruction.inherited:
            return None
    return own


def _is_ours(step: HistoryStep) -> bool:
    """Whether it is one of the labels that a build adds."""
    return step.instruction.keyword == "LABEL" and _OURS in step.instruction.text


def _line(meant: Meant, made: HistoryStep, chunk: str, lists: FileLists) -> AnnotatedLine:
    sources = [] if meant.heredocs else meant.arguments[:-1]
    return AnnotatedLine(
        keyword=meant.keyword,
        text=meant.instruction.text.strip(),
        chunk=chunk,
        files=tuple(lists(made.layer)) if made.layer else (),
        size=made.layer.size if made.layer else 0,
        source=sources[0] if meant.keyword in ("COPY", "ADD") and len(sources) == 1 else "",
        target=meant.destination.path if meant.destination else "",
        flags=tuple(word.text for word in meant.instruction.flags),
    )
