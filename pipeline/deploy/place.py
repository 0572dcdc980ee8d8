"""Which container has which replica's place, and the ports that go with it (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.deploy.container import Blueprint
from pipeline.deploy.observe import Container, Observed
from pipeline.deploy.ports import Binding, Held, assign
from pipeline.engine import labels
from pipeline.errors import CapasError
from pipeline.spec.model import Pipeline

_STARTABLE = ("created", "configured", "initialized", "exited", "stopped")
_SERVING = ("running", "paused", "stopping")


@dataclass
class Place:
    """One replica's place: who has it, and who shall have it.

    Attributes:
        current: the container that is right as it is, running or not.
        others: containers that were made from something else, or cannot be used.
        heir: the name of the container that has the place in the end.
    """

    number: int
    name: str
    current: Container | None
    others: tuple[Container, ...]
    heir: str = ""

    @property
    def serving(self) -> tuple[Container, ...]:
        """Old containers that run."""
        return tuple(c for c in self.others if c.state in _SERVING)

    @property
    def in_between(self) -> bool:
        """Whether something old serves where something new shall."""
        served = self.current is not None and self.current.state in _SERVING
        return bool(self.serving) and not served

    @property
    def predecessor(self) -> Container | None:
        """The old container that has the place now: one that runs before one that does not."""
        return next(iter([*self.serving, *self.others]), None)


def places_of(pipeline: Pipeline, blueprint: Blueprint, observed: Observed) -> list[Place]:
    """The places of all replicas that shall be.

    Raises:
        CapasError: one of their names belongs to somebody else.
    """
    service = blueprint.desired.service
    found = observed.of(service.name)
    places = []
    for number in range(1, service.replicas + 1):
        name = f"{pipeline.name}-{service.name}-{number}"
        if name in observed.foreign:
            raise CapasError(
                f"the container name {name} is taken by a container that is not ours",
                resolution="rename that container, or this pipeline",
            )
        mine = [c for c in found if c.number == number]
        fitting = [c for c in mine if c.config == blueprint.config and _usable(c, observed.held)]
        fitting.sort(key=lambda c: (not c.running, c.name != name, c.name))
        current = fitting[0] if fitting else None
        others = tuple(c for c in mine if c is not current)
        places.append(Place(number, name, current, others))
    return places


def assign_ports(
    blueprint: Blueprint, places: Sequence[Place], held: Held, taken: Sequence[Binding]
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
            return f"port {binding.host} is held by {who}"
    return ""


def _usable(container: Container, held: Held) -> bool:
    if container.state in ("running", "paused"):
        return True
    return container.state in _STARTABLE and not lost_port(container, held)


def _same_ports(old: Container, blueprint: Blueprint, held: Held) -> bool:
    ports = [p for p in old.labels.get(labels.PARTS, "").split(",") if p.startswith("ports=")]
    wanted = blueprint.part_digests.split(",")
    return bool(ports) and ports[0] in wanted and not lost_port(old, held)
