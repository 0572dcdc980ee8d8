"""`status`: what runs, where, in which version, and whether it is healthy now."""

from __future__ import annotations

from pipeline.tasks.command import SPEC_HELP, command, host_profile, load_pipeline, one_of

_FORMATS = ("text", "json", "md")


@command(
    help={
        "spec": SPEC_HELP,
        "format": f"one of {', '.join(_FORMATS)}",
        "watch": "repeat until interrupted",
    }
)
def status(
    spec: str | None = None,
    format: str = "text",  # noqa: A002 (the option's name)
    watch: bool = False,
) -> int:
    """Show every container of a spec: state, health, version and URL."""
    from pipeline.deploy.show.status import present_status, status_of
    from pipeline.engine.podman import PodmanReader
    from pipeline.engine.service import api_service
    from pipeline.tasks.deploy_common import note_broken
    from pipeline.tasks.watch import show

    wanted = one_of(format, "--format", _FORMATS)
    pipeline = load_pipeline(spec)
    with api_service(host_profile().environment) as uri:
        with PodmanReader(uri) as reader:
            note_broken(reader, pipeline)
        return show(lambda: present_status(pipeline, status_of(uri, pipeline)), wanted, watch=watch)
