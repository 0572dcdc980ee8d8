"""What the tasks that change containers have in common."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pipeline.deploy.converge import Telling
    from pipeline.deploy.desired import Wish
    from pipeline.deploy.operation import Plan
    from pipeline.deploy.plan import Options
    from pipeline.spec.model import Pipeline


@contextmanager
def held(pipeline: Pipeline, environment: Mapping[str, str]) -> Iterator[None]:
    """Keep other commands off this pipeline for the time of the block."""
    from pipeline.deploy.mutex import mutex
    from pipeline.report.terminal import tell_note

    with mutex(pipeline.name, environment, tell_note):
        yield


def telling() -> Telling:
    """Tells a plan's steps on standard error, as they end, and each note once."""
    from pipeline.deploy.converge import Telling
    from pipeline.report.steps import tell_lines, tell_step

    noted: set[str] = set()

    def planned(plan: Plan) -> None:
        tell_lines([note for note in plan.notes if note not in noted], "note: ")
        noted.update(plan.notes)
        if not plan.changes:
            tell_lines(["nothing to do"])

    return Telling(
        planned=planned,
        ended=lambda operation, error: tell_step(
            operation.key, operation.cause, failed=error is not None
        ),
    )


def converge_and_show(
    uri: str, pipeline: Pipeline, wish: Wish, options: Options | None = None
) -> int:
    """Make reality equal the spec and the wish, and show what runs then."""
    from pipeline.deploy.converge import converge
    from pipeline.deploy.desired import desire
    from pipeline.deploy.plan import DEFAULT_OPTIONS
    from pipeline.deploy.status import present_status, status_of
    from pipeline.report.render import render

    chosen = options or DEFAULT_OPTIONS
    converge(uri, pipeline, desire(pipeline, wish), chosen, telling())
    render(present_status(pipeline, status_of(uri, pipeline, probe=chosen.wait)), "text")
    return 0
