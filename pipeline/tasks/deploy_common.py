"""What the tasks that change containers have in common."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from pipeline.lean_dataclasses import replace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pipeline.deploy.converge import DeployListener
    from pipeline.deploy.model.desired import Overrides
    from pipeline.deploy.model.operation import Plan
    from pipeline.deploy.plan.deploy_plan import Options
    from pipeline.engine.podman import PodmanReader
    from pipeline.spec.model import Pipeline


@contextmanager
def at_work(pipeline: Pipeline, environment: Mapping[str, str]) -> Iterator[str]:
    """The URI of the API service, while other commands are kept off this pipeline.

    They are kept off where its containers run, as far as commands can be given there.

    Raises:
        Refused: the pipeline's name belongs to another folder.
    """
    from contextlib import ExitStack

    from pipeline.engine.mutex import mutex
    from pipeline.engine.service import api_service
    from pipeline.output.terminal import print_note
    from pipeline.tasks.remote_store import claim_name

    claim_name(pipeline, environment)
    with ExitStack() as stack:
        here = mutex(pipeline.name, environment, print_note)
        if not environment.get("CONTAINER_HOST", "").startswith("ssh:"):
            stack.enter_context(here)
            uri = stack.enter_context(api_service(environment))
            _finish_restores(uri, pipeline, environment)
            yield uri
            return
        from pipeline.deploy.apply.remote_mutex import far_mutex
        from pipeline.engine.remote_host import container_host_of
        from pipeline.errors import EngineError

        uri = stack.enter_context(api_service(environment))
        try:
            stack.enter_context(far_mutex(container_host_of(uri), pipeline.name, print_note))
        except EngineError:
            stack.enter_context(here)
        yield uri


def _finish_restores(uri: str, pipeline: Pipeline, environment: Mapping[str, str]) -> None:
    if pipeline.volumes:
        from pipeline.engine.podman_writer import PodmanWriter
        from pipeline.volumes.restore import finish_restores

        with PodmanWriter(uri) as api:
            finish_restores(api, pipeline, environment)


def note_broken(reader: PodmanReader, pipeline: Pipeline) -> None:
    """Name containers that say they are of this pipeline, and cannot be; they are left alone."""
    from pipeline.deploy.observe.snapshot import broken_labels
    from pipeline.output.terminal import print_note

    for words in broken_labels(reader, pipeline.name):
        print_note(words)


def deploy_listener() -> DeployListener:
    """Tells a plan's steps on standard error, as they end, and each note once."""
    from pipeline.deploy.converge import DeployListener
    from pipeline.output.terminal import print_lines, print_step

    noted: set[str] = set()

    def planned(plan: Plan) -> None:
        print_lines([plan.headline] if plan.headline else [])
        print_lines([note for note in plan.notes if note not in noted], "note: ")
        noted.update(plan.notes)
        if not plan.changes:
            print_lines(["nothing to do"])

    return DeployListener(
        planned=planned,
        ended=lambda operation, error: print_step(
            operation.key, operation.cause, failed=error is not None
        ),
        pulling=lambda operation, line: print_lines([f"{operation.name}: {line}"]),
    )


def converge_and_show(
    uri: str,
    pipeline: Pipeline,
    wish: Overrides,
    environment: Mapping[str, str],
    options: Options | None = None,
) -> int:
    """Make reality equal the spec and the wish, and show what runs then."""
    from pipeline.deploy.converge import converge
    from pipeline.deploy.model.desired import desired_services
    from pipeline.deploy.plan.deploy_plan import DEFAULT_OPTIONS
    from pipeline.deploy.show.status import present_status, status_of
    from pipeline.output.render.report import render
    from pipeline.tasks.remote_store import refuse_wrong_images

    wanted = desired_services(pipeline, wish)
    refuse_wrong_images(uri, pipeline, wanted, environment)
    chosen = options or DEFAULT_OPTIONS
    converge(uri, pipeline, wanted, chosen, keeping(uri, pipeline))
    render(present_status(pipeline, status_of(uri, pipeline, probe=chosen.wait)), "text")
    return 0


def refuse_closed_network(environment: Mapping[str, str]) -> None:
    """Refuse a host on which no container could have a network, before anything is made."""
    import os

    # The doctor looks at much more, and is asked only when this one device is closed.
    if not os.access("/dev/net/tun", os.R_OK | os.W_OK):
        from pipeline.host.doctor import require

        require("network", environment)


def released(pipeline: Pipeline) -> frozenset[str]:
    """The versions in the release lock, each as `image:version`."""
    if not pipeline.lock_path.exists():
        return frozenset()
    from pipeline.build.release.lockfile import read_lock

    return frozenset(read_lock(pipeline.lock_path))


def keeping(uri: str, pipeline: Pipeline) -> DeployListener:
    """Tells the steps of a deploy, and keeps the data of volumes that ask for it."""
    return replace(deploy_listener(), upgrading=backing_up(uri, pipeline))


def backing_up(uri: str, pipeline: Pipeline) -> Callable[[tuple[str, ...]], None]:
    """Backs volumes up before an upgrade, each once; one that is not made yet has nothing."""
    done: set[str] = set()

    def upgrading(names: tuple[str, ...]) -> None:
        import os

        from pipeline.engine.podman_writer import PodmanWriter
        from pipeline.output.terminal import print_note
        from pipeline.tasks.command import host_profile
        from pipeline.volumes.backup import backup, usual_target
        from pipeline.volumes.plan import choose_volume

        environment = host_profile().environment
        with PodmanWriter(uri) as api:
            there = {volume.name for volume in api.volumes()}
            for name in names:
                if name in there and name not in done:
                    done.add(name)
                    volume = choose_volume(pipeline, name)
                    target = usual_target(pipeline, volume, os.environ)
                    made = backup(api, volume, target, environment, stop=True)
                    print_note(f"{name} is backed up: {made.path}")
                    for note in made.notes:
                        print_note(note)

    return upgrading
