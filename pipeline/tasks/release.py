"""`release`: from then on other content under that version is refused."""

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


@command(
    help={
        "spec": SPEC_HELP,
        "version": "the version to freeze: `1.1`, or `image:1.1`",
        "image": "of this image, when several have a version of that name",
        "progress": "auto, tty, plain, json or quiet",
    }
)
def release(
    version: str,
    spec: str | None = None,
    image: str | None = None,
    progress: str = "auto",
) -> int:
    """Freeze a version: from then on other content under that version is refused.

    The version and those that it builds on are built if need be, and recorded in the lock beside
    the spec, which belongs into git.
    """
    from pipeline.build.context.order import select
    from pipeline.build.freeze import freeze
    from pipeline.build.observe.survey import observe_build
    from pipeline.build.run.build_run import build
    from pipeline.output.progress import MODES, progress_of
    from pipeline.tasks.remote_store import claim_name

    mode = one_of(progress, "--progress", MODES)
    pipeline = load_pipeline(spec)
    environment = host_profile().environment
    wanted = select(pipeline, image, version)
    claim_name(pipeline, environment)
    telling = progress_of(mode)
    try:
        results = build(observe_build(pipeline, wanted, environment), environment, telling)
    finally:
        telling.close()
    if results.errors:
        return print_failures(results.errors)
    survey = observe_build(pipeline, wanted, environment)
    new = freeze(survey, environment)
    for name in survey.names:
        said = f"released: recorded in {pipeline.lock_path}" if name in new else "released before"
        say(f"{name}  {said}")
    return 0
