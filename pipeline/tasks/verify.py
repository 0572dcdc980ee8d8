"""`verify`: experiments on real containers that prove, or refute, what containers promise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from invoke.context import Context

from pipeline.tasks.command import SPEC_HELP, command, host_profile, load_pipeline, one_of

if TYPE_CHECKING:
    from pipeline.output.document import Report
    from pipeline.spec.model import Pipeline

_FORMATS = ("text", "json", "md", "html")


@command(
    help={
        "spec": SPEC_HELP,
        "only": "only the experiments of this name; may be given several times",
        "version": "of the image to experiment on; the newest that is built without it",
        "format": f"one of {', '.join(_FORMATS)}",
    },
    iterable=["only"],
)
def verify(
    _context: Context,
    spec: str | None = None,
    only: Sequence[str] | None = None,
    version: str | None = None,
    format: str = "text",  # noqa: A002 (the option's name)
) -> int:
    """Try out on real containers what an image, a layer, a volume and a port are said to be."""
    from pipeline.output.render.report import render

    wanted = one_of(format, "--format", _FORMATS)
    pipeline = load_pipeline(spec)
    told, passed = tried_out(pipeline, host_profile().environment, only or (), version)
    render(told, wanted)
    return 0 if passed else 1


def tried_out(
    pipeline: Pipeline, environment: Mapping[str, str], only: Sequence[str], version: str | None
) -> tuple[Report, bool]:
    """The report on experiments with an image of the spec, and whether all of them passed."""
    from pipeline.engine.podman_writer import PodmanWriter
    from pipeline.engine.service import api_service
    from pipeline.output.terminal import print_note
    from pipeline.tasks.remote_store import images_there, refuse_named
    from pipeline.verify.present import present_results
    from pipeline.verify.run import carry_out, select
    from pipeline.verify.subject import choose_subject

    experiments = select(only)
    with api_service(environment) as uri, PodmanWriter(uri) as api:
        built = {name for image in api.images() for name in image.get("Names") or ()}
        subject = choose_subject(pipeline, built, version)
        used = (subject.image, *subject.older)
        refuse_named(pipeline, used, images_there(uri, used, environment), environment)
        results = carry_out(
            experiments,
            api,
            subject,
            environment,
            lambda one: print_note(f"{one.name}: {one.claim}"),
        )
    told = present_results(results, subject.image)
    return told, all(result.passed for result in results)
