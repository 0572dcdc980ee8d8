"""`plan`: what a build would reuse and rebuild, and why, before anything is built."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pipeline.tasks.command import SPEC_HELP, command, host_profile, load_pipeline, one_of

if TYPE_CHECKING:
    from pipeline.spec.model import Pipeline, Version

FORMATS = ("text", "json", "md")


@command(
    help={
        "spec": SPEC_HELP,
        "version": "only this version (`1.1`, or `image:1.1`) and the images it builds on",
        "image": "only the versions of this image",
        "format": f"one of {', '.join(FORMATS)}",
        "exit-code": "answer 10 when a build would do something",
    }
)
def plan(
    spec: str | None = None,
    version: str | None = None,
    image: str | None = None,
    format: str = "text",  # noqa: A002 (the option's name)
    exit_code: bool = False,
) -> int:
    """Say per instruction what a build would reuse and rebuild, and the first cause."""
    from pipeline.build.context.order import select

    wanted = one_of(format, "--format", FORMATS)
    pipeline = load_pipeline(spec)
    versions = select(pipeline, image, version)
    return print_plan(pipeline, versions, host_profile().environment, wanted, exit_code=exit_code)


def print_plan(
    pipeline: Pipeline,
    versions: Sequence[Version],
    environment: Mapping[str, str],
    wanted: str,
    *,
    exit_code: bool,
) -> int:
    """Look, plan, tell; also for `build --dry-run`."""
    from pipeline.build.observe.survey import observe_build, pulls_of
    from pipeline.build.plan.build_plan import BuildPlanner
    from pipeline.build.plan.portability import notes_of
    from pipeline.build.plan.present import present_plan
    from pipeline.engine.build_cache import cache_images
    from pipeline.engine.storage import observe_storage
    from pipeline.errors import WOULD_CHANGE
    from pipeline.host.build_engine import build_engine_here
    from pipeline.output.render.report import render
    from pipeline.tasks.remote_store import note_other_store

    note_other_store(environment)
    survey = observe_build(pipeline, versions, environment)
    storage = observe_storage(environment)
    planned = BuildPlanner(survey, storage, cache_images(storage), environment).plan(
        pulls_of(survey)
    )
    notes = notes_of(planned, survey.releases, build_engine_here(environment))
    render(present_plan(planned, notes), wanted)
    return WOULD_CHANGE if exit_code and planned.changes_something else 0
