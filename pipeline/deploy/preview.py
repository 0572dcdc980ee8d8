"""What a deploy would do, asked of a client that cannot write."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import replace

from pipeline.deploy.apply.pull import as_if_pulled, plan_pulls
from pipeline.deploy.model.desired import DesiredService
from pipeline.deploy.model.operation import Plan
from pipeline.deploy.model.secret import fingerprints
from pipeline.deploy.observe.snapshot import Observed, containers_of, observe
from pipeline.deploy.plan.bring_up import as_if_up, plan_bring_up
from pipeline.deploy.plan.deploy_plan import DEFAULT_OPTIONS, Options, blueprints_of, plan_deploy
from pipeline.engine.podman import PodmanReader
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
    images = {reference for d in wanted for reference in (d.reference, d.door) if reference}
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
        secrets={s["Spec"]["Name"]: s["Spec"].get("Labels") or {} for s in reader.secrets()},
    )


def preview(
    reader: PodmanReader,
    pipeline: Pipeline,
    wanted: Sequence[DesiredService],
    options: Options = DEFAULT_OPTIONS,
) -> Plan:
    """What a deploy would do now.

    Raises:
        CapasError: it would be refused.
    """
    observed = look(reader, pipeline, wanted)
    pulls = plan_pulls(wanted, observed, fresh=options.fresh)
    there = as_if_pulled(observed, pulls)
    up = plan_bring_up(pipeline, blueprints_of(pipeline, wanted, there), there)
    plan = plan_deploy(pipeline, wanted, as_if_up(there, up), options)
    return replace(
        plan,
        operations=(*pulls, *up.operations, *plan.operations),
        notes=(*up.notes, *plan.notes),
        headline=up.headline,
    )
