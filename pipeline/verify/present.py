"""What experiments found, in the report's words (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pipeline.output.document import Bullets, Mark, Paragraph, Part, Report, Section, Table, Tone
from pipeline.verify.experiment import ExperimentResult, Verdict
from pipeline.verify.notebook import ExperimentStep

_TONES: dict[Verdict, Tone] = {
    "held": "good",
    "refuted": "bad",
    "untried": "warning",
    "failed": "bad",
}
_WORDS: dict[Verdict, str] = {
    "held": "held",
    "refuted": "refuted",
    "untried": "cannot be tried here",
    "failed": "could not be carried out",
}


def present_results(results: Sequence[ExperimentResult], image: str) -> Report:
    """The report on a run of experiments.

    Args:
        image: what they were made on.
    """
    return Report(
        "What containers promise, tried out",
        lead(results, image),
        (_table(results), *(_section(result) for result in results)),
        {"image": image, "experiments": [as_data(result) for result in results]},
    )


def lead(results: Sequence[ExperimentResult], image: str) -> str:
    """The answer in a sentence."""
    counts = {word: sum(r.verdict == v for r in results) for v, word in _WORDS.items()}
    told = ", ".join(f"{count} {word}" for word, count in counts.items() if count)
    number = "One experiment" if len(results) == 1 else f"{len(results)} experiments"
    return f"{number} with real containers of {image}: {told}."


def as_data(result: ExperimentResult) -> dict[str, Any]:
    """One result for machines."""
    experiment = result.experiment
    return {
        "name": experiment.name,
        "title": experiment.title,
        "claim": experiment.claim,
        "verdict": result.verdict,
        "reason": result.reason,
        "seconds": round(result.seconds, 2),
        "steps": [
            {"kind": s.kind, "text": s.text, "expected": s.expected, "found": s.found}
            for s in result.steps
        ],
    }


def bullets(steps: Sequence[ExperimentStep]) -> Bullets:
    """What was done and seen, a line each."""
    return Bullets(tuple(_told(step) for step in steps))


def _table(results: Sequence[ExperimentResult]) -> Table:
    rows = tuple(
        (r.experiment.name, r.experiment.claim, Mark(_WORDS[r.verdict], _TONES[r.verdict]))
        for r in results
    )
    return Table(("experiment", "claim", "verdict"), rows)


def _section(result: ExperimentResult) -> Section:
    parts: list[Part] = [Paragraph(result.experiment.claim)]
    if result.steps:
        parts.append(bullets(result.steps))
    verdict = _WORDS[result.verdict] + (f": {result.reason}" if result.reason else "")
    parts.append(Paragraph(verdict, _TONES[result.verdict]))
    return Section(result.experiment.title, tuple(parts))


def _told(step: ExperimentStep) -> str:
    if step.kind == "do":
        return step.text[:1].upper() + step.text[1:]
    if step.contradicts:
        return f"→ {step.text}: {step.found}, but {step.expected} was expected"
    return f"→ {step.text}: {step.found}"
