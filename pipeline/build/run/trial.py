"""Versions built from other Containerfiles under names that are thrown away."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from pipeline.build.context import generated_containerfile
from pipeline.build.context.digests import Digests
from pipeline.build.context.inputs import PreparedRootfs, read_inputs
from pipeline.build.rootfs.rootfs import prepare_rootfs
from pipeline.build.run.builder import Builder, Job
from pipeline.build.run.store_mutex import turn
from pipeline.engine import buildah, command, labels
from pipeline.errors import CapasError
from pipeline.host.buildah_generation import generation_here
from pipeline.lean_dataclasses import dataclass, replace
from pipeline.output.progress import Progress
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
        with (
            tempfile.TemporaryDirectory(prefix="capas-trial-") as folder,
            turn(environment, lambda line: progress.said("trial", line)),
        ):
            for number, trial in enumerate(trials):
                reference = f"{space}/{trial.version.image}:{trial.version.name}"
                references.append(reference)
                log = Path(folder, f"{number}.log")
                builder.build(_job(trial, reference, log, environment))
        yield references
    finally:
        builder.remove_leftovers()
        with suppress(CapasError):  # a trial that was never built has no name to remove
            command.run(buildah.remove_images_argv(references), environment=environment)


def _job(trial: Trial, reference: str, log: Path, environment: Mapping[str, str]) -> Job:
    version, digests = trial.version, Digests(None)
    rootfs = None
    if version.rootfs is not None:
        tar = prepare_rootfs(version.rootfs, environment, tell=lambda _: None)
        rootfs = PreparedRootfs(tar, digests.of(tar))
    inherits = generation_here(environment).inherits
    inputs = read_inputs(version, digests, rootfs, inherits=inherits)
    parsed = parse(trial.containerfile, version.containerfile)
    stages = tuple(parsed.stages[stage.index] for stage in inputs.stages)
    tried = replace(inputs, text=trial.containerfile, containerfile=parsed, stages=stages)
    return Job(
        name=f"trial of {version.short}",
        reference=reference,
        containerfile=generated_containerfile.written(tried, {labels.VERSION: version.name}),
        inputs=inputs,
        args=version.args,
        target=version.target,
        timestamp=trial.timestamp,
        log=log,
    )
