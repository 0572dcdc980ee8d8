"""Whether the images that are about to be used are those that the spec describes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from pipeline.build.observe.survey import Survey, observe_build
from pipeline.build.release.decide import Candidate, is_same
from pipeline.build.release.image_owner import refuse_running, strangeness
from pipeline.engine import labels
from pipeline.engine.images import Store
from pipeline.errors import CapasError
from pipeline.lean_dataclasses import replace
from pipeline.spec.model import Pipeline, Version


def refuse_strangers(
    pipeline: Pipeline,
    references: Iterable[str],
    store: Store,
    environment: Mapping[str, str],
) -> tuple[str, ...]:
    """Refuse images that have a name of the spec and are another project's, or nobody's.

    What the lock records is known by its id and not looked at here. Where the contexts of the spec
    do not exist, labels are all that is looked at.

    Args:
        references: the images that are about to be used.
        store: what is there.

    Returns:
        Notes on images that were built from other files than those of now.

    Raises:
        Refused: whose the image is, and what to do.
    """
    wanted = set(references)
    named = [v for v in pipeline.versions if v.reference in wanted and store.named(v.reference)]
    survey = _survey(pipeline, named, store, environment)
    notes: list[str] = []
    for version in named:
        image = store.named(version.reference)
        if image is None or (survey and version.short in survey.releases):
            continue
        candidate = survey.candidate(version.short, {}) if survey else None
        why = strangeness(image, version, pipeline.name)
        if why and not (candidate is not None and candidate.stranger and _is_same(candidate)):
            raise refuse_running(version, image, why)
        if not why and candidate is not None and _is_other(candidate, pipeline.name):
            notes.append(
                f"{version.short} in the store was not built from its files as they are now: "
                "`capas build` does that"
            )
    return tuple(notes)


def _survey(
    pipeline: Pipeline, versions: Sequence[Version], store: Store, environment: Mapping[str, str]
) -> Survey | None:
    if not versions:
        return None
    try:
        return replace(observe_build(pipeline, versions, environment), store=store)
    except CapasError:
        return None


def _bases(candidate: Candidate) -> dict[str, str] | None:
    """The images that it builds on; None when one does not exist."""
    found = {reference: image for reference, image in candidate.bases.items() if image}
    return found if len(found) == len(candidate.bases) else None


def _is_same(candidate: Candidate) -> bool:
    bases = _bases(candidate)
    return bases is not None and is_same(candidate, bases)


def _is_other(candidate: Candidate, pipeline: str) -> bool:
    bases, image = _bases(candidate), candidate.current
    if bases is None or image is None:
        return False
    return image.labels.get(labels.IDENTITY) != candidate.identity(bases, pipeline)
