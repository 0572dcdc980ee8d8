"""All that a command has to see before it plans, looked at once."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

from pipeline.deploy.model.desired import DesiredService
from pipeline.deploy.model.secret import fingerprints
from pipeline.deploy.observe.snapshot import Observed, containers_of, observe
from pipeline.engine.podman import PodmanReader
from pipeline.lean_dataclasses import replace
from pipeline.spec.model import Pipeline


def look(
    reader: PodmanReader,
    pipeline: Pipeline,
    wanted: Sequence[DesiredService],
    lost: Iterable[int] = (),
) -> Observed:
    """One snapshot of all that a deploy of these services depends on.

    Args:
        lost: ports that could not be bound though nobody was seen to hold them.
    """
    images = {
        reference for d in wanted for reference in (d.reference, d.ingress_image) if reference
    }
    secrets = {
        pipeline.secrets[s.source].engine_name: pipeline.secrets[s.source]
        for d in wanted
        for s in d.service.secrets
    }
    return replace(
        observe(reader, pipeline.name, sorted(images), lost=lost),
        fingerprints=fingerprints(secrets.values(), os.environ),
    )


def what_runs(reader: PodmanReader, pipeline: str) -> Observed:
    """Only the containers of a pipeline, and the secrets, which keep the records of its deploys."""
    return Observed(
        containers=containers_of(reader, pipeline),
        secrets={one.name: one.labels for one in reader.secrets()},
    )
