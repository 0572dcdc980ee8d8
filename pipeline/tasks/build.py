"""`build`: images from contexts, bases first."""

from __future__ import annotations

from pipeline.tasks.command import (
    SPEC_HELP,
    command,
    host_profile,
    load_pipeline,
    one_of,
    print_failures,
    say,
)
from pipeline.tasks.plan import print_plan


@command(
    help={
        "spec": SPEC_HELP,
        "version": "only this version (`1.1`, or `image:1.1`) and the images it builds on",
        "image": "only the versions of this image",
        "all": "all versions of all images; the default",
        "progress": "auto, tty, plain, json or quiet",
        "dry-run": "show what would be built and why, as `plan` does, and do nothing",
        "exit-code": "with --dry-run: answer 10 when something would be built",
    }
)
def build(
    *,
    spec: str | None = None,
    version: str | None = None,
    image: str | None = None,
    all: bool = False,  # noqa: A002 (the option's name)
    progress: str = "auto",
    dry_run: bool = False,
    exit_code: bool = False,
) -> int:
    """Build the images of a spec with Buildah, bases first."""
    from pipeline.build.context.order import select
    from pipeline.build.observe.survey import observe_build
    from pipeline.build.run.build_run import build as build_survey
    from pipeline.errors import UsageError
    from pipeline.output.progress import MODES, progress_of
    from pipeline.output.terminal import print_note
    from pipeline.tasks.remote_store import claim_name, note_other_store

    if all and (version or image):
        raise UsageError("--all and --version or --image do not go together")
    mode = one_of(progress, "--progress", MODES)
    pipeline = load_pipeline(spec)
    environment = host_profile().environment
    wanted = select(pipeline, image, version)
    if dry_run:
        return print_plan(pipeline, wanted, environment, "text", exit_code=exit_code)
    note_other_store(environment)
    claim_name(pipeline, environment)
    survey = observe_build(pipeline, wanted, environment)
    telling = progress_of(mode)
    try:
        results = build_survey(survey, environment, telling, waiting=print_note)
    finally:
        telling.close()
    for one in results.done:
        outcome = f"built in {one.built.seconds:.1f} s" if one.built else "kept"
        say(f"{one.name}  {outcome}  {one.image[:12]}  {one.cause}")
        if one.built and one.built.note:
            say(f"{one.name}  note: {one.built.note}")
    for name in results.skipped:
        say(f"{name}  skipped: another version failed")
    return print_failures(results.errors)
