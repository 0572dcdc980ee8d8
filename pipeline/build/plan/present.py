"""A build plan in the neutral words that every renderer knows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pipeline.build.plan.build_plan import BuildPlan, InstructionPlan, VersionPlan
from pipeline.output.document import Bullets, Code, Mark, Part, Report, Section, Table, Tone
from pipeline.output.shorten import one_line

_TONES: dict[str, Tone] = {"reuse": "good", "rebuild": "warning", "unknown": "bad"}


def present_plan(plan: BuildPlan, notes: Sequence[str] = ()) -> Report:
    """The plan, a table for each version that would be built, and what is to be noted of it."""
    parts: list[Part] = []
    if plan.pulls:
        parts.append(Section("To be pulled", (Bullets(plan.pulls),)))
    parts += [_section(version) for version in plan.versions]
    notes = (*notes, *(version.note for version in plan.versions if version.note))
    if notes:
        parts.append(Section("Not the same everywhere", (Bullets(tuple(notes)),)))
    return Report("Build plan", _lead(plan), tuple(parts), plan_data(plan, notes))


def plan_data(plan: BuildPlan, notes: Sequence[str] = ()) -> dict[str, Any]:
    """The plan for machines. The names here are a promise: docs/build.md."""
    return {
        "schema": 1,
        "changes": plan.changes_something,
        "pulls": list(plan.pulls),
        "versions": [_version_data(version) for version in plan.versions],
        "notes": [*([plan.upgrade] if plan.upgrade else ()), *notes],
    }


def _lead(plan: BuildPlan) -> str:
    build = [version.name for version in plan.versions if version.action == "build"]
    if not plan.changes_something:
        return "Nothing to do."
    steps = [step for version in plan.versions for step in version.instructions]
    count = sum(step.state == "reuse" for step in steps)
    said = f"To be built: {', '.join(build)}. {count} of {len(steps)} instructions are reused."
    return f"{said} {plan.upgrade}".strip()


def _section(version: VersionPlan) -> Section:
    title = f"{version.name}: {version.action}, {version.cause}"
    if version.action == "keep":
        return Section(title, ())
    stages = len({step.stage for step in version.instructions}) > 1
    rows = tuple(
        (_place(step, stages=stages), Mark(step.state, _TONES[step.state]), _text(step), step.cause)
        for step in version.instructions
    )
    return Section(title, (Table(("step", "state", "instruction", "cause"), rows),))


def _place(step: InstructionPlan, *, stages: bool) -> str:
    place = f"{step.step}/{step.total}"
    return f"[{step.stage + 1}] {place}" if stages else place


def _text(step: InstructionPlan) -> Code:
    return Code(one_line(step.text))


def _version_data(version: VersionPlan) -> dict[str, Any]:
    return {
        "name": version.name,
        "action": version.action,
        "cause": version.cause,
        "identity": version.identity,
        "instructions": [
            {
                "stage": step.stage + 1,
                "step": step.step,
                "of": step.total,
                "line": step.line,
                "instruction": step.text,
                "state": step.state,
                "cause": step.cause,
                "image": step.image,
            }
            for step in version.instructions
        ],
    }
