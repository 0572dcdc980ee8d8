"""What the rules look at: one Containerfile as one version builds it, and who uses it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path

from pipeline.lean_dataclasses import dataclass
from pipeline.output.findings.finding import Finding
from pipeline.spec.containerfile import Containerfile, Instruction, Word
from pipeline.spec.containerfile.steps import BuildStep, StageBuild
from pipeline.spec.problem import did_you_mean
from pipeline.spec.rules import finding


@dataclass(frozen=True)
class Published:
    """A container port that a service publishes.

    Attributes:
        service: its name in the spec.
        port: as EXPOSE would write it, `5000/tcp`.
        user: the user that the spec gives the service, or None for the image's.
    """

    service: str
    port: str
    user: str | None = None


@dataclass
class Hints:
    """Looks for what was meant, but not thousands of times: that takes its time."""

    left: int = 20

    def near(self, word: str, known: Iterable[str]) -> str:
        """A hint with the known word nearest to `word`, or an empty text."""
        self.left -= 1
        return did_you_mean(word, known) if self.left >= 0 and len(word) < 100 else ""


@dataclass(frozen=True)
class LintSubject:
    """A Containerfile under examination.

    Attributes:
        context: the folder that COPY reads, or None when it cannot be read.
        stages: its stages as they are carried out.
        target: the index of the stage that becomes the image.
        published: by the services that use the image.
    """

    file: Containerfile
    context: Path | None
    stages: tuple[StageBuild, ...]
    target: int
    published: tuple[Published, ...] = ()

    @cached_property
    def lineage(self) -> tuple[StageBuild, ...]:
        """The stages that the image is made of, the first one first."""
        if not self.stages:
            return ()
        line = [self.stages[self.target]]
        while line[0].base_stage is not None:
            line.insert(0, self.stages[line[0].base_stage])
        return tuple(line)

    @cached_property
    def stage_numbers(self) -> Mapping[str, int]:
        """The stages by their names and by their numbers; the first of a name counts."""
        numbers: dict[str, int] = {}
        for index, stage in enumerate(self.stages):
            numbers.setdefault(stage.stage.name, index)
        return {str(index): index for index in range(len(self.stages))} | numbers

    @property
    def steps(self) -> Iterator[tuple[StageBuild, BuildStep]]:
        """All steps that stand in the file, with their stages."""
        for stage in self.stages:
            for step in stage.steps:
                if not step.inherited:
                    yield stage, step

    def at(
        self,
        rule: str,
        instruction: Instruction,
        message: str,
        hint: str = "",
        word: Word | None = None,
    ) -> Finding:
        """A finding at an instruction, or at one of its words."""
        if word is None:
            start, end = instruction.offset, instruction.offset + len(instruction.keyword)
        else:
            start, end = word.start, word.end
        line, column = instruction.place(start)
        last_line, last = instruction.place(max(start, end - 1))
        end_column = last + 1 if last_line == line else 0
        path = self.file.path
        return finding(rule, path, line, column, message, hint=hint, end_column=end_column)
