"""`logs`, `exec`, `stats` and `events`: what goes on inside."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from pipeline.tasks.command import (
    SPEC_HELP,
    command,
    host_profile,
    load_pipeline,
    one_of,
    say,
    whole_number,
)
from pipeline.tasks.deploy_common import note_broken

if TYPE_CHECKING:
    from collections.abc import Sequence

_SERVICES = "which: web, web-2, a container's name, several of them; default all"
_FORMATS = ("text", "json", "md")


@command(
    help={
        "services": _SERVICES,
        "spec": SPEC_HELP,
        "follow": "follow new output",
        "tail": "only this many of the last lines of each; default all",
        "timestamps": "when each line was written",
    },
    iterable=["services"],
)
def logs(
    *,
    services: Sequence[str] | None = None,
    spec: str | None = None,
    follow: bool = False,
    tail: str | None = None,
    timestamps: bool = False,
) -> int:
    """Show what containers wrote, each line after its replica's name."""
    from pipeline.deploy.observe.logs import read_logs, short_name
    from pipeline.deploy.observe.snapshot import containers_of
    from pipeline.deploy.plan.select import select_containers
    from pipeline.engine.podman import PodmanReader
    from pipeline.engine.service import api_service
    from pipeline.output.terminal import Prefixed
    from pipeline.tasks.watch import until_interrupted

    lines = None if tail is None else whole_number(tail, "--tail")
    pipeline = load_pipeline(spec)
    with api_service(host_profile().environment) as uri:
        with PodmanReader(uri) as reader:
            note_broken(reader, pipeline)
            containers = select_containers(containers_of(reader, pipeline.name), services or ())
        printer = Prefixed([short_name(c) for c in containers])
        found = read_logs(uri, containers, tail=lines, follow=follow, timestamps=timestamps)
        return until_interrupted(
            found, lambda line: printer.line(line.source, line.text, ends=line.ends)
        )


@command(
    name="exec",
    help={
        "service": "web, web-2 or a container's name; the first that runs",
        "spec": SPEC_HELP,
        "user": "as this user of the container",
    },
    positional=["service"],
)
def execute(service: str, spec: str | None = None, user: str | None = None) -> int:
    """Run a command in a running container: `exec web -- COMMAND…`; a shell without one."""
    from pipeline.deploy.observe.snapshot import containers_of
    from pipeline.deploy.plan.select import select_one
    from pipeline.engine.command import attend
    from pipeline.engine.podman import PodmanReader
    from pipeline.engine.podman_socket import socket_path
    from pipeline.engine.service import api_service

    pipeline = load_pipeline(spec)
    environment = host_profile().environment
    with api_service(environment) as uri, PodmanReader(uri) as reader:
        note_broken(reader, pipeline)
        container = select_one(containers_of(reader, pipeline.name), service)
        # Invoke joins what comes after `--` with blanks; the words themselves are in sys.argv.
        words = sys.argv[sys.argv.index("--") + 1 :] if "--" in sys.argv else []
        argv = ["podman", "exec", "--interactive"]
        argv += ["--tty"] if sys.stdin.isatty() and sys.stdout.isatty() else []
        argv += [f"--user={user}"] if user else []
        if not reader.machine.here:  # Podman's own ssh knows neither the user's nor ours
            environment = {**environment, "CONTAINER_HOST": f"unix://{socket_path(uri)}"}
        return attend([*argv, container.id, *(words or ["sh"])], environment=environment)


@command(
    help={
        "services": _SERVICES,
        "spec": SPEC_HELP,
        "format": f"one of {', '.join(_FORMATS)}",
        "watch": "repeat until interrupted",
    },
    iterable=["services"],
)
def stats(
    *,
    services: Sequence[str] | None = None,
    spec: str | None = None,
    format: str = "text",  # noqa: A002 (the option's name)
    watch: bool = False,
) -> int:
    """Show processor and memory use of every replica, measured from its processes."""
    from pipeline.deploy.observe.snapshot import containers_of
    from pipeline.deploy.plan.select import select_containers
    from pipeline.deploy.show.usage import measure_usage, present_usage
    from pipeline.engine.podman import PodmanReader
    from pipeline.engine.service import api_service
    from pipeline.tasks.watch import show

    wanted = one_of(format, "--format", _FORMATS)
    pipeline = load_pipeline(spec)
    with api_service(host_profile().environment) as uri, PodmanReader(uri) as reader:
        note_broken(reader, pipeline)
        return show(
            lambda: present_usage(
                pipeline.name,
                measure_usage(
                    reader, select_containers(containers_of(reader, pipeline.name), services or ())
                ),
            ),
            wanted,
            watch=watch,
        )


@command(
    help={
        "spec": SPEC_HELP,
        "since": "how far back: 10m, 1h, a time; default 1h",
        "follow": "follow new events",
        "format": "text or json",
    }
)
def events(
    *,
    spec: str | None = None,
    since: str = "1h",
    follow: bool = False,
    format: str = "text",  # noqa: A002 (the option's name)
) -> int:
    """Show what happened to the containers: created, started, died, removed."""
    import json

    from pipeline.deploy.observe.snapshot import events_of
    from pipeline.deploy.show.events import event_line
    from pipeline.engine.podman import PodmanReader
    from pipeline.engine.service import api_service
    from pipeline.tasks.watch import until_interrupted

    as_json = one_of(format, "--format", ("text", "json")) == "json"
    pipeline = load_pipeline(spec)
    with api_service(host_profile().environment) as uri, PodmanReader(uri) as reader:
        return until_interrupted(
            events_of(reader, pipeline.name, since=since, follow=follow),
            lambda event: say(json.dumps(event) if as_json else event_line(event)),
        )
