"""`volume.list`, `volume.backup`, `volume.restore`, `volume.rm`: data, only by name."""

from __future__ import annotations

from pipeline.tasks.command import (
    SPEC_HELP,
    command,
    confirmed,
    host_profile,
    load_pipeline,
    one_of,
    say,
)

_FORMATS = ("text", "json", "md")


@command(help={"spec": SPEC_HELP, "format": f"one of {', '.join(_FORMATS)}"}, name="list")
def list_volumes(
    spec: str | None = None,
    format: str = "text",  # noqa: A002 (the option's name)
) -> int:
    """Show the volumes of a spec: size, and who is on them; also those it no longer names."""
    from pipeline.engine.podman import PodmanReader
    from pipeline.engine.service import api_service
    from pipeline.output.render.report import render
    from pipeline.volumes.observe import observe_volumes
    from pipeline.volumes.present import present_volumes

    wanted = one_of(format, "--format", _FORMATS)
    pipeline = load_pipeline(spec)
    environment = host_profile().environment
    with api_service(environment) as uri, PodmanReader(uri) as reader:
        found = observe_volumes(reader, pipeline, environment)
    render(present_volumes(pipeline.name, found), wanted)
    return 0


@command(
    help={
        "volume": "its name in the spec",
        "spec": SPEC_HELP,
        "output": "the file to make, or the folder to make it in",
        "stop": "stop the containers on it during the backup, where they can't be paused",
        "live": "let them write meanwhile: only for data that stays valid when copied in use",
    },
    positional=["volume"],
)
def backup(
    volume: str,
    *,
    spec: str | None = None,
    output: str | None = None,
    stop: bool = False,
    live: bool = False,
) -> int:
    """Back up a volume to a file with its checksum, whole or not at all."""
    import os
    from pathlib import Path

    from pipeline.engine.podman_writer import PodmanWriter
    from pipeline.output.terminal import print_note
    from pipeline.tasks.deploy_common import at_work
    from pipeline.volumes.backup import backup as back_up
    from pipeline.volumes.backup import usual_target
    from pipeline.volumes.plan import choose_volume

    pipeline = load_pipeline(spec)
    chosen = choose_volume(pipeline, volume)
    environment = host_profile().environment
    target = usual_target(pipeline, chosen, os.environ)
    if output is not None:
        given = Path(output).absolute()
        target = given / target.name if given.is_dir() or output.endswith("/") else given
    with at_work(pipeline, environment) as uri, PodmanWriter(uri) as api:
        made = back_up(api, chosen, target, environment, stop=stop, live=live)
    for note in made.notes:
        print_note(note)
    say(str(made.path))
    return 0


@command(
    help={
        "volume": "its name in the spec",
        "source": "a backup made by volume.backup",
        "spec": SPEC_HELP,
        "force": "replace the data that is in it",
    },
    positional=["volume", "source"],
)
def restore(volume: str, source: str, *, spec: str | None = None, force: bool = False) -> int:
    """Give a volume the content of a backup; refuses to replace data without --force."""
    from pathlib import Path

    from pipeline.engine.podman_writer import PodmanWriter
    from pipeline.tasks.deploy_common import at_work
    from pipeline.volumes.plan import choose_volume
    from pipeline.volumes.restore import restore as bring_back

    pipeline = load_pipeline(spec)
    chosen = choose_volume(pipeline, volume)
    environment = host_profile().environment
    with at_work(pipeline, environment) as uri, PodmanWriter(uri) as api:
        bring_back(api, pipeline, chosen, Path(source), environment, force=force)
    say(f"{chosen.engine_name} has the content of {source}")
    return 0


@command(
    help={
        "volume": "its name in the spec",
        "spec": SPEC_HELP,
        "yes": "do not ask; needed where nobody can answer",
    },
    positional=["volume"],
)
def remove(volume: str, spec: str | None = None, yes: bool = False) -> int:
    """Remove a volume and all data in it, after a confirmation."""
    from pipeline.engine.podman_writer import PodmanWriter
    from pipeline.tasks.deploy_common import at_work
    from pipeline.volumes.observe import existing, users_of
    from pipeline.volumes.plan import check_removal, choose_volume

    pipeline = load_pipeline(spec)
    chosen = choose_volume(pipeline, volume)
    environment = host_profile().environment
    with at_work(pipeline, environment) as uri, PodmanWriter(uri) as api:
        existing(api, chosen)
        check_removal(chosen, users_of(api, chosen.engine_name))
        if not yes:
            confirmed(f"All data in {chosen.engine_name} will be lost.", chosen.name)
        api.remove_volume(chosen.engine_name)
    say(f"removed {chosen.engine_name}")
    return 0
