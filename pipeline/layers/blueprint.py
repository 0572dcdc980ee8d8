"""A version's Containerfile with, beside each instruction, what it made in the built image."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from pipeline.engine.file_list import LayerFile
from pipeline.layers.cause import FileLists
from pipeline.layers.chain import Step, Version
from pipeline.spec import model
from pipeline.spec.containerfile import Instruction, parse
from pipeline.spec.containerfile.build import Build
from pipeline.spec.containerfile.steps import Step as Meant

_OURS = '"io.github.capas.'


@dataclass(frozen=True)
class Line:
    """One instruction and its layer.

    Attributes:
        chunk: its lines in the Containerfile, comments and blank lines above included.
        files: what its layer holds; empty without one.
        size: bytes of the layer.
        source: of a COPY with exactly one source from the context, that source.
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
    def effect(self) -> frozenset[tuple[object, ...]]:
        """What it did, whenever that was: equal effects are equal layers with fixed times."""
        return frozenset(
            (f.path, f.kind, f.size, f.content, f.mode, f.uid, f.gid, f.xattrs) for f in self.files
        )


@dataclass(frozen=True)
class Blueprint:
    """One version's Containerfile, taken apart.

    Attributes:
        head: the text up to and with the FROM of the last stage.
        tail: the text below its last instruction.
        base: the diff_ids below the first instruction.
    """

    name: str
    version: model.Version
    head: str
    lines: tuple[Line, ...]
    tail: str
    base: tuple[str, ...]

    def text(self, lines: tuple[Line, ...]) -> str:
        """The Containerfile with other instructions."""
        return self.head + "".join(line.chunk for line in lines) + self.tail


def blueprint_of(built: Version, version: model.Version, lists: FileLists) -> Blueprint | None:
    """Put a version's Containerfile beside its image; None when they do not fit together."""
    text = version.containerfile.read_text(encoding="utf-8", errors="surrogateescape")
    parsed = parse(text, version.containerfile)
    if parsed.findings or not parsed.stages or version.rootfs is not None:
        return None
    stage = parsed.stage(version.target) if version.target else parsed.stages[-1]
    if stage is None:
        return None
    meant = Build(context=version.context, args=version.args).stages(parsed)[stage.index].steps
    own = _own_steps(built, stage.instructions)
    if own is None or len(meant) != len(own):
        return None
    rows = text.splitlines(keepends=True)
    lines, above = [], stage.origin.end_line
    for step, made in zip(meant, own, strict=True):
        chunk = "".join(rows[above : step.instruction.end_line])
        above = step.instruction.end_line
        lines.append(_line(step, made, chunk if chunk.endswith("\n") else f"{chunk}\n", lists))
    above_base = sum(1 for made in own if made.layer)
    return Blueprint(
        name=built.name,
        version=version,
        head="".join(rows[: stage.origin.end_line]),
        lines=tuple(lines),
        tail="".join(rows[above:]),
        base=built.image.diff_ids[: len(built.layers) - above_base],
    )


def _own_steps(built: Version, instructions: tuple[Instruction, ...]) -> list[Step] | None:
    """The image's steps that these instructions made; None when they are others."""
    steps = list(built.steps)
    if steps and steps[-1].instruction.keyword == "LABEL" and _OURS in steps[-1].instruction.text:
        steps.pop()
    if not instructions or len(instructions) > len(steps):
        return None
    own = steps[-len(instructions) :]
    for step, instruction in zip(own, instructions, strict=True):
        if step.instruction.keyword != instruction.keyword:
            return None
    return own


def _line(meant: Meant, made: Step, chunk: str, lists: FileLists) -> Line:
    sources = list(_context_sources(meant))
    return Line(
        keyword=meant.keyword,
        text=meant.instruction.text.strip(),
        chunk=chunk,
        files=tuple(lists(made.layer)) if made.layer else (),
        size=made.layer.size if made.layer else 0,
        source=sources[0] if meant.keyword == "COPY" and len(sources) == 1 else "",
        target=meant.destination.path if meant.destination else "",
        flags=tuple(word.text for word in meant.instruction.flags),
    )


def _context_sources(meant: Meant) -> Iterator[str]:
    if "from" not in meant.flags and not meant.heredocs:
        yield from meant.arguments[:-1]
