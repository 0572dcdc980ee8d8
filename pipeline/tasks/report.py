"""`report`: what versions share, what is new, why, and what it costs on disk and to download."""

from __future__ import annotations

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
    from collections.abc import Mapping, Sequence

    from pipeline.engine.distribution import ImageLocation
    from pipeline.engine.storage import Storage
    from pipeline.layers.budget import BudgetVerdict
    from pipeline.layers.family import Named
    from pipeline.layers.observe import ObservedFamily
    from pipeline.output.document import Report
    from pipeline.spec.model import Pipeline

_FORMATS = ("text", "json", "md", "html", "svg")
_FILES_ON_A_PAGE = 200
_NAMED_IN_TITLE = 2


@command(
    help={
        "spec": SPEC_HELP,
        "images": "two or more images of the store by name instead of the spec's versions",
        "format": f"one of {', '.join(_FORMATS)}",
        "files": "list the biggest files of every layer, so many (`--files 20`)",
        "advise": "propose another order or split of instructions that would have shared more",
        "prove": "build what is proposed under temporary names; reports only what helps",
        "verify": "run the experiments of `verify` too, and add their results after the layers",
        "registry": "take download sizes from the manifests of HOST:PORT[/PATH]/image:version",
        "tls-verify": "the registry must speak HTTPS with a trusted certificate (default: yes)",
        "measure": "compress layers whose download size is not known yet, once (default: yes)",
    },
    iterable=["images"],
)
def report(
    *,
    spec: str | None = None,
    images: Sequence[str] | None = None,
    format: str = "text",  # noqa: A002 (the option's name)
    files: str = "0",
    advise: bool = False,
    prove: bool = False,
    verify: bool = False,
    registry: str | None = None,
    tls_verify: bool = True,
    measure: bool = True,
) -> int:
    """Report what the layers of versions share, what is new, why, and what it costs."""
    from pipeline.engine.images import list_images
    from pipeline.engine.storage import observe_storage
    from pipeline.layers.budget import judge
    from pipeline.layers.observe import observe_family
    from pipeline.layers.present import present_family
    from pipeline.output.render.report import render
    from pipeline.spec.budgets import Budgets
    from pipeline.tasks.remote_store import refuse_named

    wanted = one_of(format, "--format", _FORMATS)
    listed = whole_number(files, "--files") or (_FILES_ON_A_PAGE if wanted == "html" else 0)
    environment = _environment()
    storage = observe_storage(environment)
    pipeline = None
    if images:
        _refuse_without_spec(advise or prove or verify)
        named = _named(storage, images)
        subject = _subject(named)
    else:
        pipeline = load_pipeline(spec)
        names = {version.reference for version in pipeline.versions}
        refuse_named(pipeline, names, list_images(environment), environment)
        subject, named = pipeline.name, _versions(storage, pipeline)
    observed = observe_family(
        named,
        storage.driver,
        environment,
        measure=measure,
        registry=_place(registry, tls_verify=tls_verify),
    )
    verdicts = judge(observed.family, pipeline.budgets if pipeline else Budgets())
    title = f"Layers of {subject}"
    told = present_family(observed.family, title, observed.lists, verdicts=verdicts, files=listed)
    if pipeline is not None and (advise or prove):
        told = _advised(told, pipeline, observed, environment, prove=prove)
    passed = True
    if pipeline is not None and verify:
        from pipeline.tasks.verify import tried_out

        found, passed = tried_out(pipeline, environment, (), None)
        told = told.with_section(found, "verify")
    render(told, wanted)
    broken = [verdict for verdict in verdicts if not verdict.held]
    _tell_broken(broken)
    return 0 if passed and not broken else 1


def _environment() -> Mapping[str, str]:
    """That of the store to be read: of this host, or of the service that CONTAINER_HOST names."""
    environment = host_profile().environment
    host = environment.get("CONTAINER_HOST")
    if not host:
        return environment
    from pipeline.engine.service_store import readable_store

    return readable_store(host, environment)


def _subject(named: Sequence[Named]) -> str:
    if len(named) > _NAMED_IN_TITLE:
        return f"{len(named)} images"
    return " and ".join(one.name for one in named)


def _place(registry: str | None, *, tls_verify: bool) -> ImageLocation | None:
    if not registry:
        return None
    from pipeline.engine.distribution import ImageLocation

    return ImageLocation(registry, registry=registry.rstrip("/"), tls_verify=tls_verify)


def _tell_broken(verdicts: Sequence[BudgetVerdict]) -> None:
    from pipeline.output.terminal import print_error

    for verdict in verdicts:
        print_error(
            f"{verdict.version} breaks its budget {verdict.rule}",
            verdict.difference,
            "the report says which layers are new and why; `[x-report]` of the spec sets budgets",
        )


def _refuse_without_spec(wanted: bool) -> None:
    from pipeline.errors import UsageError

    if wanted:
        raise UsageError(
            "--advise, --prove and --verify need a spec; they cannot be combined with --images",
            resolution="leave out --images: the spec names the images",
        )


def _advised(
    told: Report,
    pipeline: Pipeline,
    observed: ObservedFamily,
    environment: Mapping[str, str],
    *,
    prove: bool,
) -> Report:
    from pipeline.layers.present_advice import with_advice
    from pipeline.output.progress import progress_of
    from pipeline.tasks.advice import advice_for

    progress = progress_of("auto") if prove else None
    try:
        advised = advice_for(pipeline, observed.family, observed.lists, environment, progress)
    finally:
        if progress is not None:
            progress.close()
    return with_advice(told, advised)


def _named(storage: Storage, references: Sequence[str]) -> list[Named]:
    from pipeline.engine.storage import find_image
    from pipeline.errors import UsageError
    from pipeline.layers.family import Named
    from pipeline.layers.layer_names import plain

    if not all(references):
        raise UsageError(
            "--images got an empty name", resolution="is a variable of the shell not set?"
        )
    return [
        Named(plain(name), name.rpartition(":")[0], find_image(storage, name))
        for name in references
    ]


def _versions(storage: Storage, pipeline: Pipeline) -> list[Named]:
    """The spec's versions that are built, oldest first."""
    from pipeline.engine.storage import find_image, has_image
    from pipeline.errors import UsageError
    from pipeline.layers.family import Named
    from pipeline.output.terminal import print_note

    there = [v for v in pipeline.versions if has_image(storage, v.reference)]
    missing = [v.short for v in pipeline.versions if v not in there]
    if not there:
        raise UsageError(
            f"no version of {pipeline.name} is built",
            details=f"in the spec: {', '.join(missing)}",
            resolution="`capas build` builds them",
        )
    if missing:
        print_note(f"not built yet, so not in the report: {', '.join(missing)}")
    return [Named(v.short, v.image, find_image(storage, v.reference)) for v in there]
