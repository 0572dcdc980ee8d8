"""A chapter as a value: what it claims, what was done and seen, and whether the claim held."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pipeline.lean_dataclasses import dataclass, field
from pipeline.output.document import Mark, Paragraph, Part, Section, Table
from pipeline.verify.notebook import ExperimentStep, Notebook, Refuted
from pipeline.verify.present import bullets


@dataclass(frozen=True)
class Chapter:
    """One step of the course.

    Attributes:
        claim: the sentence that is to be seen true.
    """

    title: str
    claim: str
    body: Callable[[Notebook], None]


@dataclass(frozen=True)
class Told:
    """A chapter that was carried out.

    Attributes:
        refuted: why the claim did not hold; empty when it did.
    """

    chapter: Chapter
    steps: tuple[ExperimentStep, ...]
    refuted: str = ""


@dataclass
class Story(Notebook):
    """A notebook that is read aloud while it is written."""

    aloud: Callable[[ExperimentStep], None] = field(default=lambda _step: None)

    def do(self, text: str) -> None:
        """Write down what is done next."""
        super().do(text)
        self.aloud(self.steps[-1])

    def see(self, text: str, *, expected: object, found: object) -> None:
        """Write down what was seen.

        Raises:
            Refuted: it is not what the claim says.
        """
        try:
            super().see(text, expected=expected, found=found)
        finally:
            self.aloud(self.steps[-1])


def carry_out(chapter: Chapter, aloud: Callable[[ExperimentStep], None]) -> Told:
    """Do what a chapter says; what goes wrong on the way is raised."""
    story = Story(aloud=aloud)
    try:
        chapter.body(story)
    except Refuted as refuted:
        return Told(chapter, tuple(story.steps), str(refuted))
    return Told(chapter, tuple(story.steps))


def contents(chapters: Sequence[Told]) -> Table:
    """One line for each chapter."""
    return Table(
        ("chapter", "claim", "seen"),
        tuple((t.chapter.title, t.chapter.claim, _mark(t)) for t in chapters),
    )


def section(told: Told) -> Section:
    """Everything about one chapter."""
    parts: tuple[Part, ...] = (Paragraph(told.chapter.claim), bullets(told.steps))
    if told.refuted:
        parts = (*parts, Paragraph(f"refuted: {told.refuted}", "bad"))
    return Section(told.chapter.title, parts)


def _mark(told: Told) -> Mark:
    return Mark("refuted", "bad") if told.refuted else Mark("held", "good")
