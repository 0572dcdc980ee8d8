"""From a pipeline to built images: observe, order, apply."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.build import order, recipe
from pipeline.build.apply import Builder, Built, Job
from pipeline.build.logs import log_path
from pipeline.engine import labels
from pipeline.errors import EngineError
from pipeline.report.progress import Progress
from pipeline.spec.containerfile import Containerfile, parse
from pipeline.spec.model import Pipeline, Version
from pipeline.spec.references import references


@dataclass(frozen=True)
class Result:
    """What `build` did.

    Attributes:
        built: in the order of building.
        errors: of what failed, by `image:version`.
    """

    built: tuple[Built, ...]
    errors: Mapping[str, Exception]


def build(
    pipeline: Pipeline,
    wanted: Sequence[Version],
    environment: Mapping[str, str],
    progress: Progress,
    workers: int | None = None,
) -> Result:
    """Build `wanted` and the versions they build on."""
    texts = {version.short: _text(version) for version in pipeline.versions}
    parsed = {
        version.short: parse(texts[version.short], version.containerfile)
        for version in pipeline.versions
    }
    parents = order.parents(
        pipeline.versions,
        {one.short: references(parsed[one.short], one.args) for one in pipeline.versions},
    )
    versions = {version.short: version for version in pipeline.versions}
    names = order.bases_first([version.short for version in wanted], parents)

    def job(name: str) -> Job:
        version = versions[name]
        return Job(
            name=name,
            reference=version.reference,
            containerfile=recipe.with_labels(
                texts[name], _end(parsed[name], version.target), _labels(pipeline, version)
            ),
            context=version.context,
            args=version.args,
            target=version.target,
            timestamp=int(environment.get("SOURCE_DATE_EPOCH", "0")),
            ignorefile=None,
            log=log_path(environment, pipeline.name, version),
        )

    built, errors = Builder(environment, progress).build_all(
        names,
        parents,
        job,
        workers or min(max(2, os.cpu_count() or 2), 8),
    )
    return Result(tuple(built[name] for name in names if name in built), errors)


def _end(containerfile: Containerfile, target: str | None) -> int | None:
    """How many lines belong to the target and the stages before it; None for all."""
    stage = containerfile.stage(target) if target is not None else None
    if stage is None:
        return None
    return (stage.instructions or (stage.origin,))[-1].end_line


def _labels(pipeline: Pipeline, version: Version) -> dict[str, str]:
    return {
        **version.labels,
        labels.PIPELINE: pipeline.name,
        labels.IMAGE: version.image,
        labels.VERSION: version.name,
        labels.OCI_TITLE: version.image,
        labels.OCI_VERSION: version.name,
    }


def _text(version: Version) -> str:
    path: Path = version.containerfile
    try:
        return path.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError as error:
        raise EngineError(
            f"the Containerfile of {version.short} cannot be read: {error.strerror}",
            details=str(path),
        ) from None
