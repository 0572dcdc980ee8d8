"""Which container has which replica's place, and the ports that go with it (pure)."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.deploy.model.ports import Binding, Held, assign
from pipeline.deploy.observe.snapshot import Container, Observed
from pipeline.deploy.plan.container_body import ContainerBlueprint
from pipeline.deploy.plan.history import is_proved, last_number, records_of, standing
from pipeline.engine import labels
from pipeline.errors import CapasError
from pipeline.lean_dataclasses import dataclass
from pipeline.spec.model import Pipeline

STARTABLE = ("exited", "stopped")
NEVER_STARTED = ("created", "configured", "initialized")
"""One that was made and never started has nothing to lose, and perhaps no files: its engine may
have been killed while it made it, or the mounts of its file system with it."""
SERVING = ("running", "paused", "stopping")
"""States of a container that has its ports and its files open."""


@dataclass
class ReplicaSlot:
    """One replica's place: who has it, and who shall have it.

    Attributes:
        current: the container that is right as it is, running or not.
        others: containers that were made from something else, or cannot be used.
        standing: the one that a failed deploy goes back to.
        proved: whether `current` belongs to a deploy that was healthy as a whole; one that does
            not counts only when it has passed its health check.
        final_name: the name of the container that has the place in the end.
    """

    number: int
    name: str
    current: Container | None
    others: tuple[Container, ...]
    standing: Container | None = None
    proved: bool = True
    final_name: str = ""

    @property
    def serving(self) -> tuple[Container, ...]:
        """Old containers that run."""
        return tuple(c for c in self.others if c.state in SERVING)

    @property
    def leftovers(self) -> tuple[Container, ...]:
        """What nobody needs: it does not run, and nobody would go back to it."""
        return tuple(c for c in self.others if c not in self.serving and c != self.standing)

    @property
    def predecessor(self) -> Container | None:
        """The old container that has the place now: one that runs before one that does not."""
        stands = [c for c in self.others if c == self.standing]
        return next(
            iter([*(c for c in stands if c in self.serving), *self.serving, *stands, *self.others]),
            None,
        )


def slots_of(
    pipeline: Pipeline, blueprint: ContainerBlueprint, observed: Observed
) -> list[ReplicaSlot]:
    """The places of all replicas that shall be.

    Raises:
        CapasError: one of their names belongs to somebody else.
    """
    service = blueprint.desired.service
    found = observed.of(service.name)
    last = last_number(records_of(pipeline.name, observed.secrets))
    stands = standing(pipeline.name, observed, service.name)
    places = []
    for number in range(1, service.replicas + 1):
        name = f"{pipeline.name}-{service.name}-{number}"
        if name in observed.foreign:
            raise CapasError(
                f"the container name {name} is used by a container that capas did not create",
                details=f"no deploy of {pipeline.name} made it, or not with the labels that it has",
                resolution="rename that container, or this pipeline",
            )
        mine = [c for c in found if c.number == number]
        fitting = [c for c in mine if c.config == blueprint.config and _usable(c, observed.held)]
        fitting.sort(key=lambda c: (not c.running, not is_proved(c, last), c.name != name, c.name))
        current = fitting[0] if fitting else None
        others = tuple(c for c in mine if c is not current)
        proved = current is None or is_proved(current, last)
        places.append(ReplicaSlot(number, name, current, others, stands.get(number), proved))
    return places


def assign_ports(
    blueprint: ContainerBlueprint,
    places: Sequence[ReplicaSlot],
    held: Held,
    taken: Sequence[Binding],
) -> tuple[dict[int, tuple[Binding, ...]], tuple[str, ...]]:
    """Ports by replica number, and notes on those that were skipped; what somebody has he keeps.

    Args:
        taken: ports that services planned before will hold.

    Raises:
        CapasError: a strict port belongs to somebody else.
    """
    kept: dict[int, Sequence[Binding]] = {}
    for place in places:
        if place.current is not None:
            kept[place.number] = place.current.bindings
        elif (old := place.predecessor) and _same_ports(old, blueprint, held):
            kept[place.number] = old.bindings
    ports = blueprint.desired.service.ports
    return assign(ports, [place.number for place in places], kept, held, taken)


def lost_port(container: Container, held: Held) -> str:
    """Who has a port of this container now, in words, or ""."""
    for binding in container.bindings:
        if who := held.holder(binding.protocol, binding.address, binding.host):
            return f"port {binding.host} is already in use by {who}"
    return ""


def is_whole(container: Container) -> bool:
    """Whether it runs and can be reached, or has run and can be started again."""
    return not container.fault and container.state in ("running", "paused", *STARTABLE)


def _usable(container: Container, held: Held) -> bool:
    if container.state in ("running", "paused"):
        return is_whole(container)
    return is_whole(container) and not lost_port(container, held)


def _same_ports(old: Container, blueprint: ContainerBlueprint, held: Held) -> bool:
    ports = [p for p in old.labels.get(labels.PARTS, "").split(",") if p.startswith("ports=")]
    wanted = blueprint.part_digests.split(",")
    return bool(ports) and ports[0] in wanted and not lost_port(old, held)
