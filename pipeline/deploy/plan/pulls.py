"""Which images a deploy has to get from registries first (pure).

A replica is made from an image's id, so a plan is only whole when its images are there: they are
pulled first, then everything is looked at again.
"""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.deploy.model.desired import DesiredService
from pipeline.deploy.model.operation import Operation
from pipeline.deploy.observe.snapshot import ImageFacts, Observed
from pipeline.lean_dataclasses import replace
from pipeline.spec.model import PullPolicy

_ENGINES_OWN = "localhost/"
"""What begins like this was made here, by whatever tool: no registry has it."""


def plan_pulls(
    wanted: Sequence[DesiredService], observed: Observed, *, fresh: bool
) -> tuple[Operation, ...]:
    """The images that have to be pulled, each once.

    Args:
        fresh: also those that are there and whose policy is `always`.
    """
    policies: dict[str, PullPolicy] = {}
    for one in wanted:
        if not one.service.built_here:
            policies[one.reference] = one.service.pull_policy
    for one in wanted:
        if one.ingress_image:
            policies.setdefault(one.ingress_image, "missing")
    operations = []
    for reference, policy in policies.items():
        if reference.startswith(_ENGINES_OWN) or policy == "never":
            continue
        if reference not in observed.images:
            operations.append(Operation("pull", "image", reference, "missing"))
        elif fresh and policy == "always":
            operations.append(Operation("pull", "image", reference, "its pull policy is always"))
    return tuple(operations)


def as_if_pulled(observed: Observed, pulls: Sequence[Operation]) -> Observed:
    """What a preview goes on from: a missing image stands for itself."""
    missing = {o.name: ImageFacts(o.name) for o in pulls if o.name not in observed.images}
    return replace(observed, images={**observed.images, **missing})
