"""What the tests of exact plans share: two versions, an ingress, and operations in few words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pipeline.deploy.model.desired import Overrides
from pipeline.deploy.model.operation import Operation, Plan
from pipeline.spec.model import Ingress
from tests.unit.deploy.world import World

OLD, NEW = Overrides({"web": "1.0"}, {}), Overrides({"web": "1.1"}, {})


def behind_an_ingress(world: World, **changes: Any) -> None:
    world.change(ports=(), ingress=Ingress(8000, 5000, "localhost/proxy:1"), **changes)


def said(operations: Sequence[Operation]) -> list[str]:
    return [f"{o.verb} {o.name.removeprefix('pytweets-web-')}" for o in operations]


def of(plan: Plan, key: str) -> Operation:
    return next(o for o in plan.operations if o.key == key)
