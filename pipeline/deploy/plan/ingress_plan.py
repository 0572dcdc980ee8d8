"""What is done to a service's ingress while its replicas change (pure)."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.deploy.model.desired import DesiredService, digest
from pipeline.deploy.model.operation import RELEASE_SECONDS, Operation
from pipeline.deploy.observe.snapshot import ImageFacts, Observed
from pipeline.deploy.plan import ingress
from pipeline.deploy.plan.history import is_proved, last_number, records_of
from pipeline.deploy.plan.removal import NEXT, removal
from pipeline.deploy.plan.slots import is_whole
from pipeline.errors import EngineError
from pipeline.lean_dataclasses import replace
from pipeline.spec.model import Pipeline

_CHANGED = "its image, port or networks changed"


class IngressPlan:
    """The ingress of one service through a plan: who gets requests, and what changes that.

    Args:
        members: names in the network of the replicas that serve now, by replica number.
        numbers: the labels that say which deploy makes an ingress.

    Attributes:
        tail: what takes an old ingress away, when the whole deploy is healthy.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        desired: DesiredService,
        observed: Observed,
        members: Mapping[int, str],
        numbers: Mapping[str, str],
    ) -> None:
        self._pipeline = pipeline
        self._desired = desired
        self._members = dict(members)
        self._numbers = numbers
        self._image = _image(desired, observed)
        wanted = digest(ingress.ingress_parts(desired, self._image)) if self._image else ""
        there = observed.ingresses(desired.name)
        whole = [d for d in there if d.config == wanted and is_whole(d)]
        fitting = sorted(whole, key=lambda d: not d.running)
        self._current = fitting[0] if fitting else None
        self._others = tuple(d for d in there if d is not self._current)
        # Those that let requests through: all are told who the replicas are.
        self._open = [d.name for d in there if d.running and not d.fault]
        self._effective = {d.name: observed.confirmed.get(d.name, "") for d in there}
        self._taken = {d.name for d in there}
        last = last_number(records_of(pipeline.name, observed.secrets))
        self.proved = not self.wanted or (
            self._current is not None and is_proved(self._current, last)
        )
        self.tail: list[Operation] = []

    @property
    def wanted(self) -> bool:
        """Whether the service shall have an ingress."""
        return self._image is not None

    @property
    def name(self) -> str:
        """Of the container, in the end."""
        return f"{self._pipeline.name}-{self._desired.name}-ingress"

    def moved(self) -> None:
        """Note that a replica gets another address: the ingresses need it, under the same names.

        They would ask the engine's name server, which may have died with everything else.
        """
        self._effective = dict.fromkeys(self._effective, "")

    def put(self, number: int, alias: str, after: tuple[str, ...]) -> list[Operation]:
        """Give this replica requests, in place of the one with the same number."""
        self._members[number] = alias
        return self._reconfigure(f"with the new replica {number}", after)

    def join(self, others: Mapping[int, str], after: tuple[str, ...]) -> list[Operation]:
        """Give these replicas requests too."""
        self._members.update(others)
        return self._reconfigure("with what is healthy", after)

    def take(self, number: int, after: tuple[str, ...]) -> list[Operation]:
        """Give a replica no more requests."""
        self._members.pop(number, None)
        return self._reconfigure(f"without replica {number}", after)

    def follow(self, members: Mapping[int, str], after: tuple[str, ...]) -> list[Operation]:
        """Give requests to these replicas, through the ingresses that are open."""
        self._members = dict(members)
        return self._reconfigure(f"with {len(members)} replicas", after)

    def settle(self, members: Mapping[int, str], after: tuple[str, ...]) -> list[Operation]:
        """The ingress as it shall be in the end."""
        old = [d for d in self._others if d.running]
        if self._image is None:
            self.tail += [removal(d, "no longer in the spec") for d in self._others]
            return self.follow(members, after)
        if self._current is not None and self._current.running:
            self._tidy(self._current.name)
            follows = self.follow(members, after)
            if not old:
                return follows
            after = (follows[-1].key,) if follows else after
            stops = [Operation("stop", "container", d.name, _CHANGED) for d in old]
            return [*follows, *chain([self._must_open(self._current.name), *stops], after)]
        self._members = dict(members)
        return self._stand_up(self._image, after, [d.name for d in old])

    def _stand_up(
        self, image: ImageFacts, after: tuple[str, ...], old: list[str]
    ) -> list[Operation]:
        """Two ingresses cannot hold one port: the old one stops just before the new one starts."""
        fault = next((d.fault for d in self._others if d.fault), "")
        cause = (fault or _CHANGED) if self._others else "missing"
        operations: list[Operation] = []
        if self._current is not None:
            name = self._current.name
            cause = f"it is {self._current.state}"
        else:
            name = self.name
            while name in self._taken:
                name += NEXT
            body = ingress.ingress_body(self._pipeline, self._desired, image, name, self._numbers)
            operations.append(Operation("create", "ingress", name, cause, body=body))
        text = self._config()
        operations += [
            self._write(name, cause, text),
            Operation("confirm", "ingress", name, cause, digest=digest(text)),
            *(Operation("stop", "container", one, cause) for one in old),
            Operation("start", "ingress", name, cause, patience=RELEASE_SECONDS if old else 0.0),
            self._must_open(name),
        ]
        self._tidy(name)
        return chain(operations, after)

    def open_again(self, name: str, cause: str, after: tuple[str, ...]) -> list[Operation]:
        """Start an ingress that stood before, for the replicas that serve now."""
        text = self._config()
        return chain(
            [
                self._write(name, cause, text),
                Operation("confirm", "ingress", name, cause, digest=digest(text)),
                Operation("start", "ingress", name, cause, patience=RELEASE_SECONDS),
            ],
            after,
        )

    def _must_open(self, name: str) -> Operation:
        must = "it must let requests through"
        return Operation(
            "wait for", "ingress", name, must, check=ingress.ingress_check(self._desired.service)
        )

    def _tidy(self, successor: str) -> None:
        gone = [removal(d, f"replaced by {successor}") for d in self._others]
        self.tail += gone
        if successor != self.name:
            after = tuple(o.key for o in gone)
            self.tail.append(
                Operation(
                    "rename", "container", successor, "it is the ingress", after, new_name=self.name
                )
            )

    def _reconfigure(self, detail: str, after: tuple[str, ...]) -> list[Operation]:
        operations: list[Operation] = []
        if self._image is None:
            return []  # nobody says any more what it would ask the replicas
        text = self._config()
        longest = self._desired.service.stop_grace_period + 2 * ingress.KEEP_ALIVE
        for name in self._open:
            if digest(text) == self._effective[name]:
                continue
            self._effective[name] = digest(text)
            cause = "requests follow the replicas"
            steps = [
                self._write(name, cause, text),
                Operation("reload", "ingress", name, cause),
                Operation("drain", "ingress", name, cause, deadline=longest),
                Operation("confirm", "ingress", name, cause, digest=digest(text)),
            ]
            operations += chain([replace(s, detail=detail) for s in steps], after)
            after = (operations[-1].key,)
        return operations

    def _write(self, name: str, cause: str, text: str) -> Operation:
        whose = (self._pipeline.name, self._desired.name)
        return Operation("write", "ingress", name, cause, text=text, serves=whose)

    def _config(self) -> str:
        named = {f"replica-{n}": alias for n, alias in sorted(self._members.items())}
        return ingress.config(self._desired, named)


def chain(operations: list[Operation], after: tuple[str, ...]) -> list[Operation]:
    """The same operations, each one after the one before it."""
    result = []
    for operation in operations:
        result.append(replace(operation, after=after))
        after = (operation.key,)
    return result


def _image(desired: DesiredService, observed: Observed) -> ImageFacts | None:
    if not desired.ingress_image:
        return None
    facts = observed.images.get(desired.ingress_image)
    if facts is None:
        raise EngineError(
            f"the image {desired.ingress_image} of the ingress does not exist",
            details=f"`ingress` of the service {desired.name} needs it",
            resolution="`capas build` builds the spec's images; `ingress.image` names another",
        )
    return facts
