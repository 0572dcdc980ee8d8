"""The number that a deploy gives to what it makes, and its record when all is healthy (pure)."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.deploy.model.operation import Operation
from pipeline.deploy.observe.snapshot import Observed
from pipeline.deploy.plan.container_body import ContainerBlueprint
from pipeline.deploy.plan.history import (
    KEPT,
    Ran,
    Record,
    last_number,
    next_number,
    record_name,
    records_of,
)
from pipeline.deploy.plan.removal import forgotten
from pipeline.engine import labels
from pipeline.spec.model import Pipeline


def numbered(pipeline: Pipeline, observed: Observed, back_to: int) -> dict[str, str]:
    """The labels of all that the next deploy makes.

    Args:
        back_to: the deploy that it goes back to, or 0.
    """
    records = records_of(pipeline.name, observed.secrets)
    number = next_number(records, observed.containers)
    goal = {labels.BACK_TO: str(back_to)} if back_to else {}
    return {labels.DEPLOY: str(number), **goal}


def plan_record(
    pipeline: Pipeline,
    blueprints: Sequence[ContainerBlueprint],
    observed: Observed,
    back_to: int,
    *,
    proved: bool,
) -> list[Operation]:
    """Keep the record of this deploy, and forget the oldest; nothing when it is the last one again.

    Args:
        proved: whether all that is wanted belongs to the last deploy that was healthy as a whole.
    """
    records = records_of(pipeline.name, observed.secrets)
    services = {
        b.desired.name: Ran(b.desired.version, b.config, b.desired.service.replicas)
        for b in blueprints
    }
    if proved and records and dict(records[-1].services) == services:
        return []
    number = next_number(records, observed.containers)
    name = record_name(pipeline.name, number)
    record = Record(number, name, services, last_number(records), back_to)
    keep = Operation(
        "record",
        "deploy",
        str(number),
        "healthy as a whole",
        labels=record.labels(pipeline.name),
        record=name,
    )
    return [keep, *(forgotten(old, f"the last {KEPT} are kept") for old in records[: 1 - KEPT])]
