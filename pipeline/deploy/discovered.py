"""What only a try shows, and no look: ports, names and containers that a plan cannot count on."""

from __future__ import annotations

from pipeline.deploy.apply.executor import Failure, Outcome
from pipeline.deploy.model.operation import Operation
from pipeline.deploy.model.ports import lost_ports
from pipeline.deploy.observe.snapshot import Observed
from pipeline.deploy.plan.slots import STARTABLE
from pipeline.lean_dataclasses import replace
from pipeline.lean_re import lazy_pattern

_OVERTAKEN = ("already in use", "already exists", "no such container", "name in use")
"""Podman's words for what was not so when we looked."""
_NAME_TAKEN = lazy_pattern(r'the container name "([^"]+)" is already in use by ([^\s.]+)')
"""The store's words for a name that it keeps, and its owner (containers/storage, errors.go)."""


class Discovered:
    """What the attempts of one deploy have shown so far.

    Attributes:
        lost_ports: ports that could not be bound though nobody held them.
    """

    def __init__(self) -> None:
        self.lost_ports: set[int] = set()
        self._names: dict[str, str] = {}
        self._woken: set[str] = set()
        self._unstartable: dict[str, str] = {}

    def learn(self, before: Observed, outcome: Outcome) -> None:
        """Take note of an attempt.

        Of containers that stood still it matters which were started, and which could not be: a
        start that was killed may leave what makes every later one fail (runc's `.pidfile`).
        """
        for failure in outcome.failed:
            words = failure.error.details
            self.lost_ports |= set(lost_ports(words))
            self._names |= dict(_NAME_TAKEN.findall(words))
        ids = {c.name: c.id for c in before.containers if c.state in STARTABLE}
        started = (o.name for o in outcome.done if o.verb == "start")
        self._woken |= {ids[name] for name in started if name in ids}
        for failure in outcome.failed:
            name, verb = failure.operation.name, failure.operation.verb
            if verb == "start" and name in ids and not is_overtaken(failure):
                self._unstartable[ids[name]] = "Podman cannot start it again"

    def learn_ends(self, now: Observed, outcome: Outcome) -> None:
        """Take note of what was waited for in vain, had stood still, and stands still again.

        Its file system may have gone with a killed engine, which Podman does not see.
        """
        failed = {f.operation.name for f in outcome.failed if f.operation.verb == "wait for"}
        for container in now.containers:
            ended = container.name in failed and container.state in STARTABLE
            if ended and container.id in self._woken:
                self._unstartable.setdefault(container.id, "it ended when it was started again")

    def added_to(self, observed: Observed) -> Observed:
        """A snapshot, and with it what is known by trying.

        A name that is taken, by what nobody lists, is what a killed engine left.
        """
        listed = {c.name for c in observed.containers} | observed.foreign
        containers = tuple(
            replace(c, fault=self._unstartable[c.id], lost=True) if c.id in self._unstartable else c
            for c in observed.containers
        )
        unfinished = observed.unfinished | (self._names.keys() - listed)
        return replace(observed, containers=containers, unfinished=unfinished)

    def half_renamed(self, observed: Observed) -> tuple[Operation, ...]:
        """Operations that give containers the name that the store has for them; told only once.

        Podman changes its own name first, then the store's, which nobody else can have until then.
        """
        listed = {c.id: c.name for c in observed.containers}
        cause = "the engine was killed while it renamed it"
        halves = tuple(
            Operation("rename", "container", listed[owner], cause, new_name=name)
            for name, owner in self._names.items()
            if listed.get(owner, name) != name
        )
        for half in halves:
            del self._names[half.new_name]
        return halves


def is_overtaken(failure: Failure) -> bool:
    """Whether things had changed since we looked: a new look and a new plan are the answer.

    Another program took a port, or a call that a killed deploy had sent was still being served.
    """
    words = failure.error.details
    if failure.operation.waits:
        return False
    return bool(lost_ports(words)) or any(phrase in words for phrase in _OVERTAKEN)
