"""The plan of one service: its replicas, one by one where something old must go (pure).

With an ingress, a new replica starts beside the old one, gets requests when it is healthy, and the
old one ends when it has answered what it had. Without one the old replica ends first: two
containers cannot hold one port, and two generations of a database must not share its files.
In both cases what is old is kept, stopped, until the whole deploy is healthy: that is what a
failed one goes back to. Whoever made a container: it counts only when it has passed its check.
"""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.deploy.model.desired import DesiredService
from pipeline.deploy.model.operation import RELEASE_SECONDS, Operation, key_of
from pipeline.deploy.model.ports import Binding
from pipeline.deploy.observe.snapshot import Container, Observed, own_alias
from pipeline.deploy.plan.container_body import ContainerBlueprint, container_body
from pipeline.deploy.plan.divergence import why_replaced
from pipeline.deploy.plan.history import standing
from pipeline.deploy.plan.ingress_plan import IngressPlan
from pipeline.deploy.plan.removal import NEXT, removal
from pipeline.deploy.plan.slots import (
    NEVER_STARTED,
    SERVING,
    ReplicaSlot,
    assign_ports,
    lost_port,
    slots_of,
)
from pipeline.engine import labels
from pipeline.lean_dataclasses import dataclass, field
from pipeline.spec.exclusive import writes_alone
from pipeline.spec.model import Pipeline


@dataclass(frozen=True)
class ServiceContext:
    """What planning a service depends on besides the service.

    Attributes:
        gate: keys of operations that must have succeeded before anything starts.
        wait: whether new containers are held to their health check.
        one_shot: whether the service is a job that ends, and is done once it ended with 0.
        taken: ports that services planned before will hold.
        numbers: the labels that say which deploy makes a container.
    """

    pipeline: Pipeline
    observed: Observed
    gate: tuple[str, ...] = ()
    wait: bool = True
    one_shot: bool = False
    taken: tuple[Binding, ...] = ()
    numbers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class ServicePlan:
    """What is done about one service.

    Attributes:
        tail: what takes away, and gives names: done when the whole deploy is healthy.
        started: keys after which everything has been started.
        healthy: keys after which everything new is healthy.
        ending: names of a job's containers that have yet to end, with the key that starts each.
        proved: whether it is, unchanged, part of a deploy that was healthy as a whole.
        bindings: all ports that its replicas will hold.
        upgrades: whether an image version is replaced by another; for images from elsewhere, any
            other image.
    """

    operations: list[Operation] = field(default_factory=list)
    tail: list[Operation] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    started: list[str] = field(default_factory=list)
    healthy: list[str] = field(default_factory=list)
    ending: dict[str, str] = field(default_factory=dict)
    bindings: list[Binding] = field(default_factory=list)
    proved: bool = True
    upgrades: bool = False


def plan_service(blueprint: ContainerBlueprint, around: ServiceContext) -> ServicePlan:
    """What has to be done about one service.

    Raises:
        CapasError: a name or a strict port belongs to somebody else.
    """
    return _ServicePlanner(blueprint, around).run()


class _ServicePlanner:
    def __init__(self, blueprint: ContainerBlueprint, around: ServiceContext) -> None:
        self._blueprint = blueprint
        self._around = around
        self._service = blueprint.desired.service
        self._plan = ServicePlan()
        self._places = slots_of(around.pipeline, blueprint, around.observed)
        numbers = {place.number for place in self._places}
        found = around.observed.of(self._service.name)
        self._surplus = [c for c in found if c.number not in numbers]
        self._changes = bool(self._surplus) or any(place.others for place in self._places)
        self._ingress = IngressPlan(
            around.pipeline,
            blueprint.desired,
            around.observed,
            served_now(around.pipeline.name, around.observed, self._service.name),
            around.numbers,
        )
        self._bindings, notes = assign_ports(
            blueprint, self._places, around.observed.held, around.taken
        )
        self._plan.notes += [f"{self._service.name}: {note}" for note in notes]
        self._plan.bindings = [b for each in self._bindings.values() for b in each]
        self._plan.proved = all(place.current and place.proved for place in self._places)

    def run(self) -> ServicePlan:
        replaced = [place for place in self._places if place.serving]
        # What an unfinished deploy left may be sick: what is good serves until that is replaced.
        replaced.sort(key=lambda place: place.standing in place.serving)
        for place in self._places:
            if place in replaced:
                continue
            if place.current is not None:
                self._keep(place, place.current, self._around.gate)
            else:
                self._begin(place)
        step = (*self._around.gate, *self._plan.healthy)
        if replaced:
            others = {p.number: self._alias(p) for p in self._places if p not in replaced}
            step = self._switch(self._ingress.join(others, step), step)
        for place in replaced:
            step = self._replace(place, step)
        self._finish()
        return self._plan

    def _keep(
        self, place: ReplicaSlot, current: Container, after: tuple[str, ...]
    ) -> tuple[str, ...]:
        """A container that is right as it is; returns the keys after which it is healthy."""
        place.final_name = current.name
        if current.state == "paused":
            self._add(Operation("unpause", "container", current.name, "it is paused", after))
            after = (self._plan.operations[-1].key,)
        elif not current.running and not self._is_done(current):
            return self._start(place, _why_started(current), after, wait=self._changes)
        if self._around.one_shot:
            if current.state in SERVING:
                self._plan.ending[current.name] = ""
            return after
        if self._changes or (self._around.wait and not place.proved):
            return self._await(place, after)
        return after

    def _is_done(self, current: Container) -> bool:
        return self._around.one_shot and current.ended_well

    def _begin(self, place: ReplicaSlot) -> None:
        """A replica where nothing runs."""
        cause = self._why(place)
        ready = self._create_beside(place, cause)
        self._start(place, cause, ready, wait=self._changes)

    def _replace(self, place: ReplicaSlot, step: tuple[str, ...]) -> tuple[str, ...]:
        """A replica whose old container runs; returns the keys that the next one waits for."""
        cause = self._why(place)
        current = place.current
        if current is not None and current.state in SERVING:
            ready = self._keep(place, current, step)
            ready = self._switch(self._ingress.put(place.number, self._alias(place), ready), ready)
            return self._stop_old(place, cause, ready)
        if current is not None:
            place.final_name = current.name
            self._note_upgrade(place)
            ready = step
        else:
            ready = (*self._create_beside(place, cause), *step)
        beside = may_overlap(self._around.pipeline, self._blueprint.desired)
        if beside:
            ready = self._start(place, cause, ready, wait=True)
            ready = self._switch(self._ingress.put(place.number, self._alias(place), ready), ready)
            return self._stop_old(place, cause, ready)
        ready = self._switch(self._ingress.take(place.number, ready), ready)
        ready = self._stop_old(place, cause, ready)
        ready = self._start(place, cause, ready, wait=True)
        return self._switch(self._ingress.put(place.number, self._alias(place), ready), ready)

    def _create_beside(self, place: ReplicaSlot, cause: str) -> tuple[str, ...]:
        """The new container, under another name than those that serve or are kept."""
        cleared = [removal(c, cause) for c in place.leftovers]
        names = {c.name for c in place.others if c not in place.leftovers}
        place.final_name = place.name
        while place.final_name in names:
            place.final_name += NEXT
        self._plan.operations += cleared
        self._create(place, cause, (*self._around.gate, *(o.key for o in cleared)))
        return (self._created(place),)

    def _finish(self) -> None:
        """The ingress as it shall be; then, when all is healthy, away with what is old."""
        ready = tuple(self._plan.healthy or self._plan.started)
        stopped = tuple(o.key for o in self._plan.operations if o.verb in ("stop", "confirm"))
        members = {place.number: self._alias(place) for place in self._places}
        self._add(*self._ingress.settle(members, (*ready, *stopped) or self._around.gate))
        self._plan.proved &= self._ingress.proved
        grace = self._service.stop_grace_period
        for container in self._surplus:
            cause = f"scaled to {self._service.replicas}"
            self._plan.tail.append(removal(container, cause, grace=grace))
        for place in self._places:
            self._tidy(place)
        self._plan.tail += self._ingress.tail

    def _tidy(self, place: ReplicaSlot) -> None:
        cleared = {o.key for o in self._plan.operations}
        gone = [removal(old, f"replaced by {place.final_name}") for old in place.others]
        gone = [removed for removed in gone if removed.key not in cleared]
        self._plan.tail += gone
        if place.final_name != place.name:
            cause = f"it is replica {place.number}"
            after = tuple(removed.key for removed in gone)
            self._plan.tail.append(
                Operation(
                    "rename", "container", place.final_name, cause, after, new_name=place.name
                )
            )

    def _create(self, place: ReplicaSlot, cause: str, after: tuple[str, ...]) -> None:
        self._note_upgrade(place)
        old = place.predecessor
        previous = ""
        if old is not None:
            same = old.version == self._blueprint.desired.version
            previous = old.labels.get(labels.PREVIOUS, "") if same else old.version
        body = container_body(
            self._around.pipeline,
            self._blueprint,
            place.number,
            name=place.final_name,
            bindings=self._bindings[place.number],
            previous=previous,
            numbers=self._around.numbers,
        )
        self._add(Operation("create", "container", place.final_name, cause, after, body=body))

    def _note_upgrade(self, place: ReplicaSlot) -> None:
        """Whether what starts here is the first of its version to open the service's data."""
        if old := place.predecessor:
            other = old.version != self._blueprint.desired.version
            self._plan.upgrades |= other or self._another_image(old)

    def _another_image(self, old: Container) -> bool:
        """Whether an image from elsewhere is another one now, perhaps under the same tag."""
        elsewhere = not self._service.built_here
        return elsewhere and old.image_id != self._blueprint.image.id

    def _created(self, place: ReplicaSlot) -> str:
        return key_of("create", "container", place.final_name)

    def _start(
        self, place: ReplicaSlot, cause: str, after: tuple[str, ...], *, wait: bool = False
    ) -> tuple[str, ...]:
        patience = RELEASE_SECONDS if place.others else 0.0
        start = Operation("start", "container", place.final_name, cause, after, patience=patience)
        self._add(start)
        self._ingress.moved()
        self._plan.started.append(start.key)
        if self._around.one_shot:
            self._plan.ending[place.final_name] = start.key
            return (start.key,)
        if not (wait or self._around.wait):
            return (start.key,)
        return self._await(place, (start.key,))

    def _await(self, place: ReplicaSlot, after: tuple[str, ...]) -> tuple[str, ...]:
        check = self._service.healthcheck
        must = "it must be healthy" if check else "it must keep running"
        healthy = Operation("wait for", "container", place.final_name, must, after, check=check)
        self._add(healthy)
        self._plan.healthy.append(healthy.key)
        return (healthy.key,)

    def _stop_old(self, place: ReplicaSlot, cause: str, after: tuple[str, ...]) -> tuple[str, ...]:
        grace = self._service.stop_grace_period
        # One that Podman could not start again is of no use stopped.
        stops = [
            removal(c, cause, after, grace)
            if c.lost
            else Operation("stop", "container", c.name, cause, after, grace=grace)
            for c in place.serving
        ]
        self._add(*stops)
        return tuple(stop.key for stop in stops)

    def _switch(self, operations: list[Operation], otherwise: tuple[str, ...]) -> tuple[str, ...]:
        self._add(*operations)
        return (operations[-1].key,) if operations else otherwise

    def _why(self, place: ReplicaSlot) -> str:
        old = place.predecessor
        if old is None:
            return f"replica {place.number}: missing"
        reason = why_replaced(old, self._blueprint)
        if old.config == self._blueprint.config:
            held = lost_port(old, self._around.observed.held)
            state = "was never started" if old.state in NEVER_STARTED else f"is {old.state}"
            reason = old.fault or held or f"it {state}"
        return f"replica {place.number}: {reason}"

    def _alias(self, place: ReplicaSlot) -> str:
        return own_alias(self._service.name, place.number, self._blueprint.config)

    def _add(self, *operations: Operation) -> None:
        self._plan.operations += operations


def may_overlap(pipeline: Pipeline, desired: DesiredService) -> bool:
    """Whether an old replica and its successor may serve at one time, behind an ingress."""
    service = desired.service
    return bool(desired.ingress_image) and not service.ports and not writes_alone(pipeline, service)


def _why_started(current: Container) -> str:
    code = current.exit_code if current.state in ("exited", "stopped") else 0
    return f"it is {current.state}" + (f" with {code}" if code else "")


def served_now(pipeline: str, observed: Observed, service: str) -> dict[int, str]:
    """By number: the name in the network of the replica that gets requests now.

    Where several run, it is the one that a failed deploy goes back to, else the oldest.
    """
    stands = standing(pipeline, observed, service).values()
    by_age = sorted(observed.of(service), key=lambda c: -c.deploy)
    return {c.number: c.alias for c in (*by_age, *stands) if c.running}
