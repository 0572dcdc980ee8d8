"""`report`: what versions share, what is new, why, and what it costs on disk and to download."""

from __future__ import annotations

from typing import TYPE_CHECKING

from invoke.context import Context

from pipeline.tasks.command import SPEC_HELP, command, host_profile, load_pipeline, one_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.engine.storage import Storage
    from pipeline.layers.family import Named

_FORMATS = ("text", "json", "md")


@command(
    help={
        "spec": SPEC_HELP,
        "images": "two or more images of the store by name instead of the spec's versions",
        "format": f"one of {', '.join(_FORMATS)}",
        "measure": "compress layers whose download size is not known yet, once (default: yes)",
    },
    iterable=["images"],
)
def report(
    _context: Context,
    spec: str | None = None,
    images: Sequence[str] | None = None,
    format: str = "text",  # noqa: A002 (the option's name)
    measure: bool = True,
) -> int:
    """Report what the layers of versions share, what is new, why, and what it costs."""
    from pipeline.engine.storage import observe_storage
    from pipeline.layers.observe import observe_family
    from pipeline.layers.present import present_family
    from pipeline.report.render import render

    wanted = one_of(format, "--format", _FORMATS)
    profile = host_profile()
    storage = observe_storage(profile.environment)
    if images:
        title, named = f"Layers of {' and '.join(images)}", _named(storage, images)
    else:
        title, named = _versions(storage, spec)
    observed = observe_family(named, storage.driver, profile.environment, measure=measure)
    render(present_family(observed.family, title, observed.lists), wanted)
    return 0


def _named(storage: Storage, references: Sequence[str]) -> list[Named]:
    from pipeline.engine.storage import find_image
    from pipeline.layers.family import Named

    return [Named(name, name.rpartition(":")[0], find_image(storage, name)) for name in references]


def _versions(storage: Storage, spec: str | None) -> tuple[str, list[Named]]:
    """The spec's versions that are built, oldest first."""
    from pipeline.engine.storage import find_image, has_image
    from pipeline.errors import UsageError
    from pipeline.layers.family import Named
    from pipeline.report.terminal import tell_note

    pipeline = load_pipeline(spec)
    there = [v for v in pipeline.versions if has_image(storage, v.reference)]
    missing = [v.short for v in pipeline.versions if v not in there]
    if not there:
        raise UsageError(
            f"no version of {pipeline.name} is built",
            details=f"in the spec: {', '.join(missing)}",
            resolution="`capas build` builds them",
        )
    if missing:
        tell_note(f"not built yet, so not in the report: {', '.join(missing)}")
    named = [Named(v.short, v.image, find_image(storage, v.reference)) for v in there]
    return f"Layers of {pipeline.name}", named
