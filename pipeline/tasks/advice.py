"""Advice for `report`: proposals for every image of a spec, tried when that is wanted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pipeline.build.run.trial import Trial, built_trials
from pipeline.engine.storage import LayeredImage, find_image, observe_storage
from pipeline.engine.tar_split import read_file_list
from pipeline.errors import CapasError
from pipeline.layers.advice import Proposal, advise
from pipeline.layers.blueprint import AnnotatedContainerfile, annotate_containerfile
from pipeline.layers.chain import VersionStack, version_of
from pipeline.layers.family import Family
from pipeline.layers.observe import Lists
from pipeline.layers.present_advice import Advised, ImageAdvice
from pipeline.layers.proof import Proof, prove
from pipeline.output.progress import Progress
from pipeline.spec.model import Pipeline


def advice_for(
    pipeline: Pipeline,
    family: Family,
    lists: Lists,
    environment: Mapping[str, str],
    progress: Progress | None,
) -> list[ImageAdvice]:
    """What there is to say of every image with several versions.

    Args:
        progress: told of trial builds; None builds nothing.
    """
    known = {version.short: version for version in pipeline.versions}
    found: list[ImageAdvice] = []
    for image in pipeline.images.values():
        built = [
            v for v in family.versions if v.name in known and known[v.name].image == image.name
        ]
        if len(built) < 2:
            continue
        blueprints = [annotate_containerfile(one, known[one.name], lists) for one in built]
        fitting = [one for one in blueprints if one is not None]
        if len(fitting) < len(blueprints):
            found.append(ImageAdvice(image.name, fits=False))
            continue
        advised = _advice(image.name, built, fitting, environment, progress)
        apart = any(one.stages_apart for one in fitting)
        found.append(ImageAdvice(image.name, tuple(advised), stages_apart=apart))
    return found


def _advice(
    image: str,
    built: Sequence[VersionStack],
    blueprints: Sequence[AnnotatedContainerfile],
    environment: Mapping[str, str],
    progress: Progress | None,
) -> list[Advised]:
    """The best proposal; when a build refutes it, the best of those that need no luck."""
    proposal = advise(image, blueprints)
    if proposal is None:
        return []
    if progress is None:
        return [Advised(proposal)]
    first = Advised(proposal, _tried(proposal, built, environment, progress))
    if first.worth_telling or proposal.certain:
        return [first]
    second = advise(image, blueprints, certain_only=True)
    if second is None:
        return [first]
    return [first, Advised(second, _tried(second, built, environment, progress))]


def _tried(
    proposal: Proposal,
    built: Sequence[VersionStack],
    environment: Mapping[str, str],
    progress: Progress,
) -> Proof:
    trials = [
        Trial(blueprint.version, text, _seconds(version.image))
        for blueprint, text, version in zip(proposal.blueprints, proposal.texts, built, strict=True)
    ]
    try:
        with built_trials(trials, environment, progress) as references:
            storage = observe_storage(environment)
            tried = [version_of(name, find_image(storage, name)) for name in references]
            return prove(built, tried, read_file_list)
    except CapasError as error:
        return Proof(proposal.before, proposal.after, difference=error.brief)


def _seconds(image: LayeredImage) -> int:
    """When the image says it was made, in seconds since the epoch."""
    from datetime import datetime

    return int(datetime.fromisoformat(image.created[:19] + "+00:00").timestamp())
