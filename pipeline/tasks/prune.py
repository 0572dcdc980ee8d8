"""`prune`: old images that nothing needs."""

from __future__ import annotations

from invoke.context import Context

from pipeline.tasks.command import SPEC_HELP, command, host_profile, load_pipeline, say


@command(
    help={
        "spec": SPEC_HELP,
        "yes": "remove them; without it they are only shown",
    }
)
def prune(_context: Context, spec: str | None = None, yes: bool = False) -> int:
    """Show the old images of this spec that nothing needs, and what removing them would free.

    Released images, images of containers, and everything that those were built on are kept.
    """
    from pipeline.build.lockfile import read_lock
    from pipeline.build.prune import plan_prune
    from pipeline.build.sweep import remove_images
    from pipeline.engine.build_cache import cache_images, images_in_use
    from pipeline.engine.leftovers import stale_working_containers
    from pipeline.engine.storage import observe_storage
    from pipeline.report.numbers import show_bytes
    from pipeline.tasks.elsewhere import note_other_store

    pipeline = load_pipeline(spec)
    environment = host_profile().environment
    note_other_store(environment)
    store = observe_storage(environment)
    releases = read_lock(pipeline.lock_path)
    unneeded = plan_prune(
        cache_images(store),
        pipeline.name,
        (release.image for release in releases.values()),
        images_in_use(store),
    )
    for one in unneeded:
        say(f"{one.id[:12]}  {one.version or 'a step of a build'}  {show_bytes(one.frees)}")
    containers = stale_working_containers(environment)
    for container in containers:
        say(f"{container[:12]}  left by a build that was killed")
    total = show_bytes(sum(one.frees for one in unneeded))
    found = f"{len(unneeded)} images, {total}" + (
        f", {len(containers)} working containers" if containers else ""
    )
    if not unneeded and not containers:
        say("nothing to remove")
    elif not yes:
        say(f"{found}: `prune --yes` removes them")
    else:
        remove_images([one.id for one in unneeded], containers, environment)
        say(f"removed {found}")
    return 0
