"""`verify`: experiments on real containers that prove, or refute, what containers promise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pipeline.tasks.command import (
    SPEC_HELP,
    command,
    host_profile,
    load_pipeline,
    one_of,
    whole_number,
)

if TYPE_CHECKING:
    from pipeline.engine.podman_writer import PodmanWriter
    from pipeline.output.document import Report
    from pipeline.spec.model import Pipeline
    from pipeline.verify.experiment import Claim, ExperimentResult
    from pipeline.verify.subject import ExperimentSubject

_FORMATS = ("text", "json", "md", "html")


@command(
    help={
        "spec": SPEC_HELP,
        "only": "only experiments of this name, or like users-*; may be given several times",
        "version": "of the image to experiment on; the newest that is built without it",
        "rounds": "how often each database is killed; 3 without it",
        "format": f"one of {', '.join(_FORMATS)}",
    },
    iterable=["only"],
)
def verify(
    spec: str | None = None,
    only: Sequence[str] | None = None,
    version: str | None = None,
    rounds: str | None = None,
    format: str = "text",  # noqa: A002 (the option's name)
) -> int:
    """Try out the spec's own experiments, its databases, and what images and volumes promise."""
    from pipeline.output.render.report import render

    wanted = one_of(format, "--format", _FORMATS)
    times = None if rounds is None else whole_number(rounds, "--rounds", minimum=1)
    pipeline = load_pipeline(spec)
    told, passed = tried_out(pipeline, host_profile().environment, only or (), version, times)
    render(told, wanted)
    return 0 if passed else 1


def tried_out(
    pipeline: Pipeline,
    environment: Mapping[str, str],
    only: Sequence[str],
    version: str | None,
    rounds: int | None = None,
) -> tuple[Report, bool]:
    """The report on experiments with an image of the spec, and whether all of them passed.

    Args:
        only: names and patterns; without one, all experiments are meant, also the spec's own.
        rounds: how often each database is killed.
    """
    from pipeline.engine.podman_writer import PodmanWriter
    from pipeline.engine.service import api_service
    from pipeline.output.terminal import print_note
    from pipeline.verify.present import present_results
    from pipeline.verify.run import select_all
    from pipeline.verify.sweep import sweep

    meant = select_all(only, pipeline.experiments)

    def tell(one: Claim) -> None:
        print_note(f"{one.name}: {one.claim}")

    results: list[ExperimentResult] = []
    made_on = pipeline.name
    with api_service(environment) as uri, PodmanWriter(uri) as api:
        sweep(api)
        if meant.own or meant.databases:
            _refuse_others(pipeline, api, uri, environment)
        if meant.own:
            from pipeline.verify.own import carry_out_own

            results += carry_out_own(meant.own, uri, pipeline, environment, tell=tell)
        if meant.built_in:
            from pipeline.verify.run import carry_out

            subject = _subject(pipeline, api, uri, environment, version)
            made_on = made_on if meant.own else subject.image
            results += carry_out(meant.built_in, api, subject, environment, tell)
        if meant.databases:
            from pipeline.verify.subject import versions_built
            from pipeline.verify.survival import ROUNDS, carry_out_databases

            results += carry_out_databases(
                meant.databases,
                uri,
                pipeline,
                environment,
                versions=versions_built(pipeline, _names(api), version),
                rounds=rounds or ROUNDS,
                asked=bool(only),
                tell=tell,
            )
    told = present_results(results, made_on)
    return told, all(result.passed for result in results)


def _refuse_others(
    pipeline: Pipeline, api: PodmanWriter, uri: str, environment: Mapping[str, str]
) -> None:
    """Refuse images that have a name of the spec and are others."""
    from pipeline.tasks.remote_store import images_there, refuse_named

    built = _names(api)
    used = [one.reference for one in pipeline.versions if one.reference in built]
    refuse_named(pipeline, used, images_there(uri, used, environment), environment)


def _subject(
    pipeline: Pipeline,
    api: PodmanWriter,
    uri: str,
    environment: Mapping[str, str],
    version: str | None,
) -> ExperimentSubject:
    from pipeline.tasks.remote_store import images_there, refuse_named
    from pipeline.verify.subject import choose_subject

    subject = choose_subject(pipeline, _names(api), version)
    used = (subject.image, *subject.older)
    refuse_named(pipeline, used, images_there(uri, used, environment), environment)
    return subject


def _names(api: PodmanWriter) -> set[str]:
    """The names of all images that are there."""
    return {name for image in api.images() for name in image.names}
