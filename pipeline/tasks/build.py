"""`build`: images from contexts, bases first."""

from __future__ import annotations

from invoke.context import Context

from pipeline.tasks.command import SPEC_HELP, command, host_profile, load_pipeline, one_of, say


@command(
    help={
        "spec": SPEC_HELP,
        "version": "only this version (`1.1`, or `image:1.1`) and the images it builds on",
        "image": "only the versions of this image",
        "all": "all versions of all images; the default",
        "progress": "auto, tty, plain, json or quiet",
    }
)
def build(
    _context: Context,
    spec: str | None = None,
    version: str | None = None,
    image: str | None = None,
    all: bool = False,  # noqa: A002 (the option's name)
    progress: str = "auto",
) -> int:
    """Build the images of a spec with Buildah, bases first."""
    from pipeline.build.order import select
    from pipeline.build.run import build as build_versions
    from pipeline.errors import UsageError
    from pipeline.report.progress import MODES, progress_of
    from pipeline.report.terminal import tell_error

    if all and (version or image):
        raise UsageError("--all and --version or --image do not go together")
    mode = one_of(progress, "--progress", MODES)
    pipeline = load_pipeline(spec)
    profile = host_profile()
    telling = progress_of(mode)
    try:
        result = build_versions(
            pipeline, select(pipeline, image, version), profile.environment, telling
        )
    finally:
        telling.close()
    for one in result.built:
        say(f"{one.name}  built  {one.image[:12]}  {one.seconds:.1f} s")
    for error in result.errors.values():
        tell_error(
            getattr(error, "brief", str(error)),
            getattr(error, "details", ""),
            getattr(error, "resolution", ""),
        )
    return 1 if result.errors else 0
