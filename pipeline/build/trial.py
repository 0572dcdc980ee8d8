"""Versions built from other Containerfiles under names that are thrown away."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from pipeline.build.apply import Builder, Job
from pipeline.build.digests import Digests
from pipeline.build.inputs import read_inputs
from pipeline.engine import buildah, command
from pipeline.errors import CapasError
from pipeline.report.progress import Progress
from pipeline.spec.containerfile import parse
from pipeline.spec.model import REGISTRY, Version


@dataclass(frozen=True)
class Trial:
    """A version and the Containerfile to be tried.

    Attributes:
        timestamp: of every file and of the image, in seconds since the epoch.
    """

    version: Version
    containerfile: str
    timestamp: int


@contextmanager
def built_trials(
    trials: Sequence[Trial], environment: Mapping[str, str], progress: Progress
) -> Iterator[list[str]]:
    """Build the trials; their references, in the same order, are gone after the block.

    Raises:
        EngineError: Buildah failed, or the context has changed under a proposal.
    """
    space = f"{REGISTRY}/capas-trial-{secrets.token_hex(4)}"
    references: list[str] = []
    builder = Builder(environment, progress)
    try:
        with tempfile.TemporaryDirectory(prefix="capas-trial-") as folder:
            for number, trial in enumerate(trials):
                reference = f"{space}/{trial.version.image}:{trial.version.name}"
                references.append(reference)
                builder.build(_job(trial, reference, Path(folder, f"{number}.log")))
        yield references
    finally:
        builder.remove_leftovers()
        with suppress(CapasError):  # a trial that was never built has no name to remove
            command.run(buildah.remove_images_argv(references), environment=environment)


def _job(trial: Trial, reference: str, log: Path) -> Job:
    inputs = read_inputs(trial.version, Digests(None))
    parsed = parse(trial.containerfile, trial.version.containerfile)
    target = trial.version.target
    stage = parsed.stage(target) if target else parsed.stages[-1]
    return Job(
        name=f"trial of {trial.version.short}",
        reference=reference,
        containerfile=trial.containerfile,
        inputs=inputs,
        args=trial.version.args,
        target=target,
        timestamp=trial.timestamp,
        steps=len(stage.instructions) if stage else 0,
        log=log,
    )
