"""`prune`: old images that nothing needs, and what killed commands left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.tasks.command import SPEC_HELP, command, host_profile, load_pipeline, say

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.build.prune.prune_plan import Unneeded
    from pipeline.spec.model import Pipeline


@command(
    help={
        "spec": SPEC_HELP,
        "yes": "remove them; without it they are only shown",
    }
)
def prune(spec: str | None = None, yes: bool = False) -> int:
    """Show the old images of this spec that nothing needs, and what killed commands left.

    Released images, images of containers, and everything that those were built on are kept.
    """
    from pipeline.build.prune.remove_images import remove_images
    from pipeline.engine.leftovers import stale_working_containers
    from pipeline.engine.temporary_files import left_temporaries, remove_temporaries, size_of
    from pipeline.output.number_format import show_bytes
    from pipeline.tasks.remote_store import claim_name, note_other_store
    from pipeline.volumes.backup import left_halves

    pipeline = load_pipeline(spec)
    environment = host_profile().environment
    note_other_store(environment)
    claim_name(pipeline, environment)
    unneeded = _unneeded(pipeline, environment)
    containers = stale_working_containers(environment)
    files = [*left_halves(environment), *left_temporaries(environment)]
    sizes = {path: size_of(path) for path in files}
    for one in unneeded:
        say(f"{one.id[:12]}  {one.version or 'a step of a build'}  {show_bytes(one.frees)}")
    for container in containers:
        say(f"{container[:12]}  left by a build that was killed")
    for path, size in sizes.items():
        say(f"{path}  left by a command that was killed  {show_bytes(size)}")
    total = show_bytes(sum(one.frees for one in unneeded) + sum(sizes.values()))
    counts = {
        "images": len(unneeded), "working containers": len(containers), "files": len(files)
    }  # fmt: skip
    found = ", ".join([*(f"{count} {what}" for what, count in counts.items() if count), total])
    if not any(counts.values()):
        say("nothing to remove")
    elif not yes:
        say(f"{found}: `prune --yes` removes them")
    else:
        remove_images([one.id for one in unneeded], containers, environment)
        remove_temporaries(files, environment)
        say(f"removed {found}")
    return 0


def _unneeded(pipeline: Pipeline, environment: Mapping[str, str]) -> tuple[Unneeded, ...]:
    from pipeline.build.prune.prune_plan import plan_prune
    from pipeline.build.release.lockfile import read_lock
    from pipeline.engine.build_cache import cache_images, images_in_use
    from pipeline.engine.storage import observe_storage

    store = observe_storage(environment)
    return plan_prune(
        cache_images(store),
        pipeline.name,
        (release.image for release in read_lock(pipeline.lock_path).values()),
        images_in_use(store),
    )
