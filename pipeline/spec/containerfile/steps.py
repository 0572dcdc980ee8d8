"""What a build does, step by step: variables replaced, sources found, the image as it grows.

This is what is known without building. A base that nobody describes may hold anything, and so may
what RUN leaves behind; where something is not certain, the values here say so.
"""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.lean_dataclasses import dataclass, field
from pipeline.spec.containerfile.model import Heredoc, Instruction, Stage, Word
from pipeline.spec.sources import CopySource


@dataclass(frozen=True)
class ImageState:
    """What is known of an image.

    Attributes:
        described: whether it is built from scratch by what we can read, RUN aside.
        environment: its ENV, as far as it is known.
        user: None when nobody said one, which is root.
        exposed: `5000/tcp`.
        folders: folders that are certainly there.
        onbuild: what the next build carries out first: of an image in Docker's format, made
            elsewhere. The OCI format has no place for it, and Buildah leaves it out.
    """

    described: bool = False
    environment: Mapping[str, str] = field(default_factory=dict)
    workdir: str = "/"
    user: str | None = None
    exposed: frozenset[str] = frozenset()
    volumes: frozenset[str] = frozenset()
    folders: frozenset[str] = frozenset({"/"})
    onbuild: tuple[str, ...] = ()


SCRATCH = ImageState(described=True)
_USUAL = (
    "bin boot dev etc home lib media mnt opt proc root run sbin srv sys tmp usr usr/bin usr/lib "
    "usr/local usr/local/bin usr/local/lib usr/local/sbin usr/local/share usr/sbin usr/share var "
    "var/cache var/lib var/log var/tmp"
)
UNKNOWN = ImageState(folders=frozenset({"/", *(f"/{path}" for path in _USUAL.split())}))
"""A base that nobody describes: taken for a usual Linux system."""


@dataclass(frozen=True)
class Destination:
    """Where a COPY or ADD puts things.

    Attributes:
        path: absolute, as Buildah makes it of the argument; keeps a slash at its end.
        is_folder: whether it is certainly a folder then: by its slash, several sources, a source
            that is a folder, or because it is there already.
        there: whether it is certainly there before.
        maybe: whether a RUN above names it, and so may have made it.
    """

    path: str
    is_folder: bool
    there: bool
    maybe: bool


@dataclass(frozen=True)
class BuildStep:
    """An instruction as it is carried out.

    Attributes:
        arguments: variables replaced where the instruction has them.
        flags: by name, without the dashes; the last of a name; empty for one without a value.
        missing: words with variables that have neither value nor default, and those variables.
        refused: words that Buildah refuses, and why.
        newer: words with forms that older versions of Buildah do not know.
        certain: whether all values are known: nothing depends on an undescribed base.
        inherited: it comes from an ONBUILD of the base.
        sources: of COPY and ADD from the context, when the context is known.
        declared: how many ARGs of the stage are known when it runs.
    """

    instruction: Instruction
    arguments: tuple[str, ...]
    flags: Mapping[str, str] = field(default_factory=dict)
    missing: tuple[tuple[Word, str], ...] = ()
    refused: tuple[tuple[Word, str], ...] = ()
    newer: tuple[tuple[Word, str], ...] = ()
    certain: bool = True
    inherited: bool = False
    workdir: str = "/"
    user: str | None = None
    sources: tuple[CopySource, ...] = ()
    destination: Destination | None = None
    declared: int = 0

    @property
    def keyword(self) -> str:
        """The instruction's."""
        return self.instruction.keyword

    @property
    def heredocs(self) -> tuple[Heredoc, ...]:
        """The instruction's."""
        return self.instruction.heredocs


@dataclass(frozen=True)
class StageBuild:
    """A stage as it is carried out.

    Attributes:
        base: what FROM names, variables replaced.
        base_stage: the earlier stage that it names, if it names one.
        origin: the FROM as a step.
        args: the ARGs in the order in which they became known, with their values.
        inherited: how many of them the stage below declared.
        handed: what the ARGs of a stage that goes on from this one are made of, as `NAME` or
            `NAME=default`.
        after: the image at its end.
    """

    stage: Stage
    base: str
    base_stage: int | None
    origin: BuildStep
    before: ImageState
    steps: tuple[BuildStep, ...]
    args: tuple[tuple[str, str | None], ...]
    after: ImageState
    inherited: int = 0
    handed: tuple[str, ...] = ()
