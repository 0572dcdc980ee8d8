"""What a deploy would do, asked of a client that cannot write."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.deploy.model.desired import DesiredService
from pipeline.deploy.model.operation import Plan
from pipeline.deploy.observe.look import look
from pipeline.deploy.plan.bring_up import as_if_up, plan_bring_up
from pipeline.deploy.plan.deploy_plan import DEFAULT_OPTIONS, Options, blueprints_of, plan_deploy
from pipeline.deploy.plan.pulls import as_if_pulled, plan_pulls
from pipeline.engine.podman import PodmanReader
from pipeline.lean_dataclasses import replace
from pipeline.spec.model import Pipeline


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
