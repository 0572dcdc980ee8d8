"""The plan of one service: its replicas, one by one where something old must go (pure).

With a door, a new replica starts beside the old one, gets requests when it is healthy, and the
old one ends when it has answered what it had. Without one the old replica ends first: two
containers cannot hold one port, and two generations of a database must not share its files.
In both cases what is old is kept, stopped, until the whole service is healthy: that is what a
failed update goes back to.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from pipeline.deploy.container import Blueprint, container_body
from pipeline.deploy.difference import why_replaced
from pipeline.deploy.doorway import Doorway
from pipeline.deploy.observe import Container, Observed, own_alias
from pipeline.deploy.operation import RELEASE_SECONDS, Operation
from pipeline.deploy.place import Place, assign_ports, lost_port, places_of
from pipeline.deploy.ports import Binding
from pipeline.deploy.removal import NEXT, removal
from pipeline.engine import labels
from pipeline.spec.model import Pipeline


@dataclass(frozen=True)
class Surroundings:
    """What planning a service depends on besides the service.

    Attributes:
        gate: keys of operations that must have succeeded before anything starts.
        wait: whether new containers are held to their health check.
        one_shot: whether the service is a job that ends, and is done once it ended with 0.
        taken: ports that services planned before will hold.
    """

    pipeline: Pipeline
    observed: Observed
    gate: tuple[str, ...] = ()
    wait: bool = True
    one_shot: bool = False
    taken: tuple[Binding, ...] = ()


@dataclass
class ServicePlan:
    """What is done about one service.

    Attributes:
        started: keys after which everything has been started.
        healthy: keys after which everything new is healthy.
        bindings: all ports that its replicas will hold.
        upgrades: whether an image version is replaced by another; for images from elsewhere, any
            other image.
    """

    operations: list[Operation] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    started: list[str] = field(default_factory=list)
    healthy: list[str] = field(default_factory=list)
    bindings: list[Binding] = field(default_factory=list)
    upgrades: bool = False


def plan_service(blueprint: Blueprint, around: Surroundings) -> ServicePlan:
    """What has to be done about one service.

    Raises:
        CapasError: a name or a strict port belongs to somebody else.
    """
    return _Planner(blueprint, around).run()


class _Planner:
    def __init__(self, blueprint: Blueprint, around: Surroundings) -> None:
        self._blueprint = blueprint
        self._around = around
        self._service = blueprint.desired.service
        self._plan = ServicePlan()
        self._found = around.observed.of(self._service.name)
        self._places = places_of(around.pipeline, blueprint, around.observed)
        serving = {c.number: c.alias for c in self._found if c.running}
        self._door = Doorway(around.pipeline, blueprint.desired, around.observed, serving)
        self._bindings, notes = assign_ports(
            blueprint, self._places, around.observed.held, around.taken
        )
        self._plan.notes += [f"{self._service.name}: {note}" for note in notes]
        self._plan.bindings = [b for each in self._bindings.values() for b in each]

    def run(self) -> ServicePlan:
        replaced = [place for place in self._places if place.in_between]
        for place in self._places:
            if place in replaced:
                continue
            if place.current is not None:
                self._keep(place, place.current)
            else:
                self._begin(place)
        step = (*self._around.gate, *self._plan.healthy)
        for place in replaced:
            step = self._replace(place, step)
        self._finish()
        return self._plan

    def _keep(self, place: Place, current: Container) -> None:
        place.heir = current.name
        if current.state == "paused":
            self._add(Operation("unpause", "container", current.name, "it is paused"))
        elif not current.running and not self._is_done(current):
            cause = "never started" if current.state == "created" else f"it is {current.state}"
            if current.state in ("exited", "stopped") and current.exit_code:
                cause += f" with {current.exit_code}"
            self._start(place, cause, self._around.gate)

    def _is_done(self, current: Container) -> bool:
        ended = current.state in ("exited", "stopped") and current.exit_code == 0
        return self._around.one_shot and ended

    def _begin(self, place: Place) -> None:
        """A replica where nothing runs."""
        cause = f"replica {place.number}: not there"
        ready = self._around.gate
        if place.others:
            cause = self._why(place)
            cleared = [removal(c, cause) for c in place.others]
            self._plan.operations += cleared
            ready = (*ready, *(o.key for o in cleared))
        place.heir = place.name
        self._create(place, cause, ready)
        self._start(place, cause, (self._created(place),))

    def _replace(self, place: Place, step: tuple[str, ...]) -> tuple[str, ...]:
        """A replica whose old container runs; returns the keys that the next one waits for."""
        cause = self._why(place)
        if place.current is not None:
            place.heir = place.current.name
            ready = step
        else:
            ready = (*self._create_beside(place, cause), *step)
        beside = self._door.wanted and not self._service.ports
        if beside:
            ready = self._start(place, cause, ready, wait=True)
            ready = self._switch(self._door.put(place.number, self._alias(place), ready), ready)
            return self._stop_old(place, cause, ready)
        ready = self._switch(self._door.take(place.number, ready), ready)
        ready = self._stop_old(place, cause, ready)
        ready = self._start(place, cause, ready, wait=True)
        return self._switch(self._door.put(place.number, self._alias(place), ready), ready)

    def _create_beside(self, place: Place, cause: str) -> tuple[str, ...]:
        """The new container, under another name than those that serve."""
        names = {c.name for c in place.serving}
        place.heir = place.name
        while place.heir in names:
            place.heir += NEXT
        gone = [c for c in place.others if c not in place.serving]
        cleared = [removal(c, cause) for c in gone]
        self._plan.operations += cleared
        removed = tuple(o.key for o in cleared)
        self._create(place, cause, (*self._around.gate, *removed))
        return (self._created(place),)

    def _finish(self) -> None:
        """The door as it shall be, then away with what is old, then the names."""
        ready = tuple(self._plan.healthy or self._plan.started)
        stopped = tuple(o.key for o in self._plan.operations if o.verb in ("stop", "confirm"))
        ready = (*ready, *stopped)
        members = {place.number: self._alias(place) for place in self._places}
        ready = self._switch(self._door.settle(members, ready or self._around.gate), ready)
        grace = self._service.stop_grace_period
        surplus = [c for c in self._found if c.number not in members]
        for container in surplus:
            cause = f"scaled to {self._service.replicas}"
            self._add(removal(container, cause, ready, grace))
        for place in self._places:
            self._tidy(place, ready)

    def _tidy(self, place: Place, ready: tuple[str, ...]) -> None:
        planned = {o.key for o in self._plan.operations}
        for old in place.others:
            gone = removal(old, f"{place.heir} has its place", ready)
            if gone.key not in planned:
                self._add(gone)
                ready = (*ready, gone.key)
        if place.heir != place.name:
            cause = f"it is replica {place.number}"
            self._add(Operation("rename", "container", place.heir, cause, ready, to=place.name))

    def _create(self, place: Place, cause: str, after: tuple[str, ...]) -> None:
        old = place.predecessor
        previous = ""
        if old is not None:
            same = old.version == self._blueprint.desired.version
            previous = old.labels.get(labels.PREVIOUS, "") if same else old.version
            self._plan.upgrades |= not same or self._another_image(old)
        body = container_body(
            self._around.pipeline,
            self._blueprint,
            place.number,
            name=place.heir,
            bindings=self._bindings[place.number],
            previous=previous,
        )
        self._add(Operation("create", "container", place.heir, cause, after, body=body))

    def _another_image(self, old: Container) -> bool:
        """Whether an image from elsewhere is another one now, perhaps under the same tag."""
        elsewhere = not self._service.built_here
        return elsewhere and old.image_id != self._blueprint.image.id

    def _created(self, place: Place) -> str:
        return f"create container {place.heir}"

    def _start(
        self, place: Place, cause: str, after: tuple[str, ...], *, wait: bool = False
    ) -> tuple[str, ...]:
        patience = RELEASE_SECONDS if place.others else None
        start = Operation("start", "container", place.heir, cause, after, seconds=patience)
        self._add(start)
        self._plan.started.append(start.key)
        if self._around.one_shot or not (wait or self._around.wait):
            return (start.key,)
        check = self._service.healthcheck
        must = "it must be healthy" if check else "it must keep running"
        healthy = Operation("wait for", "container", place.heir, must, (start.key,), check=check)
        self._add(healthy)
        self._plan.healthy.append(healthy.key)
        return (healthy.key,)

    def _stop_old(self, place: Place, cause: str, after: tuple[str, ...]) -> tuple[str, ...]:
        grace = self._service.stop_grace_period
        stops = [
            Operation("stop", "container", c.name, cause, after, seconds=grace)
            for c in place.serving
        ]
        self._add(*stops)
        return tuple(stop.key for stop in stops)

    def _switch(self, operations: list[Operation], otherwise: tuple[str, ...]) -> tuple[str, ...]:
        self._add(*operations)
        return (operations[-1].key,) if operations else otherwise

    def _why(self, place: Place) -> str:
        old = place.predecessor
        if old is None:
            return f"replica {place.number}: not there"
        reason = why_replaced(old, self._blueprint)
        if old.config == self._blueprint.config:
            reason = lost_port(old, self._around.observed.held) or f"it is {old.state}"
        return f"replica {place.number}: {reason}"

    def _alias(self, place: Place) -> str:
        return own_alias(self._service.name, place.number, self._blueprint.config)

    def _add(self, *operations: Operation) -> None:
        self._plan.operations += operations
