"""Freezing versions: from a survey in which nothing is left to build to an entry of the lock."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from pipeline.build.observe.survey import Survey
from pipeline.build.release.decide import decide
from pipeline.build.release.lockfile import read_lock, write_lock
from pipeline.build.release.provenance import Provenance
from pipeline.build.release.releases import Release
from pipeline.engine import labels
from pipeline.engine.build_cache import CacheImage
from pipeline.engine.file_lock import lock
from pipeline.engine.images import inspect_image
from pipeline.errors import CapasError
from pipeline.host.build_engine import build_engine_here


def freeze(survey: Survey, environment: Mapping[str, str]) -> tuple[str, ...]:
    """Record the survey's versions in the lock, those that they build on first.

    Returns:
        The names that were recorded now; those that were released already are left alone.

    Raises:
        CapasError: a version is not built, or changed while it was being built.
        Refused: a released version has drifted.
    """
    path = survey.pipeline.lock_path
    with _mutex(path):
        releases = dict(read_lock(path))
        new = [name for name in survey.names if name not in releases]
        engines = build_engine_here(environment).engines if new else {}
        for name in new:
            releases[name] = _release(survey, name, environment, engines)
        if new:
            write_lock(path, releases)
    return tuple(new)


def _release(
    survey: Survey, name: str, environment: Mapping[str, str], engines: Mapping[str, str]
) -> Release:
    candidate = survey.candidate(name, {})
    decision = decide(candidate)
    if decision.action != "keep":
        raise CapasError(
            f"{name} changed while it was being built",
            details=decision.cause,
            resolution="run the release again when its files no longer change",
        )
    image = inspect_image(environment, decision.image)
    bases: dict[str, tuple[str, str]] = {}
    for reference in survey.inputs[name].references:
        stored = survey.store.named(reference)
        if stored is not None:
            bases[reference] = (stored.id, stored.digest)
    return Release(
        identity=decision.identity,
        image=image.id,
        digest=image.digest,
        diff_ids=image.diff_ids,
        content=candidate.content,
        bases=bases,
        provenance=_provenance(image),
        timestamp=candidate.timestamp,
        engines=engines,
    )


def _provenance(image: CacheImage) -> Provenance:
    """What the image itself says: it may have been built at another commit than today's."""
    created = datetime.fromisoformat(image.labels[labels.OCI_CREATED].replace("Z", "+00:00"))
    return Provenance(
        int(created.timestamp()),
        image.labels.get(labels.OCI_REVISION, ""),
        image.labels.get(labels.OCI_SOURCE, ""),
    )


@contextmanager
def _mutex(path: Path) -> Iterator[None]:
    """Two releases at once would lose one: the lock's folder is held, no file is made for it."""
    descriptor = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        lock(descriptor)
        yield
    finally:
        os.close(descriptor)
