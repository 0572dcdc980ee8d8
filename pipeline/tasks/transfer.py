"""`push` and `pull`: images to and from a registry or a folder in the OCI image layout."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.tasks.command import SPEC_HELP, command, host_profile, load_pipeline, one_of, say

if TYPE_CHECKING:
    from pipeline.transfer.plan import Direction

_FORMATS = ("text", "json", "md")
_PLACE = "a registry (registry.example.org/team) or a folder (./images) in the OCI image layout"
_HELP = {
    "spec": SPEC_HELP,
    "version": "only this one: `1.1`, or `image:1.1`; default: every version of the spec",
    "image": "only versions of this image",
    "tls-verify": "the registry must speak HTTPS with a trusted certificate (default: yes)",
    "format": f"one of {', '.join(_FORMATS)}",
    "dry-run": "show what would be copied, and copy nothing",
}


@command(help={**_HELP, "to": f"where to: {_PLACE}"})
def push(
    to: str,
    *,
    spec: str | None = None,
    version: str | None = None,
    image: str | None = None,
    tls_verify: bool = True,
    format: str = "text",  # noqa: A002 (the option's name)
    dry_run: bool = False,
) -> int:
    """Copy images to a registry or a folder; only layers that it does not have travel.

    What is there already is not copied again, and a release is never replaced by another image.
    """
    return _transfer(
        "push", to, spec, version, image, tls_verify=tls_verify, format_name=format, dry_run=dry_run
    )


@command(help={**_HELP, "from": f"where from: {_PLACE}"})
def pull(
    from_: str,
    *,
    spec: str | None = None,
    version: str | None = None,
    image: str | None = None,
    tls_verify: bool = True,
    format: str = "text",  # noqa: A002 (the option's name)
    dry_run: bool = False,
) -> int:
    """Copy images from a registry or a folder, under the names that the spec gives them.

    What the release lock records must come out of it identical. A later `build` finds such an
    image and builds nothing.
    """
    return _transfer(
        "pull", from_, spec, version, image,
        tls_verify=tls_verify, format_name=format, dry_run=dry_run,
    )  # fmt: skip


def _transfer(
    direction: Direction,
    where: str,
    spec: str | None,
    version: str | None,
    image: str | None,
    *,
    tls_verify: bool,
    format_name: str,
    dry_run: bool,
) -> int:
    from pipeline.build.context.order import select
    from pipeline.build.release.lockfile import read_lock
    from pipeline.engine.images import list_images
    from pipeline.output.render.report import render
    from pipeline.output.terminal import print_step
    from pipeline.tasks.remote_store import claim_name, refuse_named
    from pipeline.transfer.apply import observe, transfer
    from pipeline.transfer.place import parse_location
    from pipeline.transfer.plan import plan_pull, plan_push
    from pipeline.transfer.present import present

    shown = one_of(format_name, "--format", _FORMATS)
    place = parse_location(where, tls_verify=tls_verify)
    pipeline = load_pipeline(spec)
    environment = host_profile().environment
    released = {name: one.image for name, one in read_lock(pipeline.lock_path).items()}
    wanted = select(pipeline, image, version)
    if direction == "push":
        names = {one.reference for one in wanted}
        refuse_named(pipeline, names, list_images(environment), environment)
    elif not dry_run:
        claim_name(pipeline, environment)
    sides = observe(place, wanted, released, environment)
    plan = (plan_push if direction == "push" else plan_pull)(place, sides)
    if dry_run:
        say(str(plan))
        return 0
    moved = transfer(plan, environment, lambda step: print_step(step.version.short, step.cause))
    render(present(plan, moved), shown)
    return 0
