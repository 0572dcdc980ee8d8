"""What is done to a service's door while its replicas change (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from pipeline.deploy import door
from pipeline.deploy.desired import Desired, digest
from pipeline.deploy.observe import ImageFacts, Observed
from pipeline.deploy.operation import Operation
from pipeline.deploy.removal import removal
from pipeline.errors import EngineError
from pipeline.spec.model import Pipeline


class Doorway:
    """The door of one service through a plan: who gets requests, and what changes that.

    Args:
        members: names in the network of the replicas that serve now, by replica number.
    """

    def __init__(
        self, pipeline: Pipeline, desired: Desired, observed: Observed, members: Mapping[int, str]
    ) -> None:
        self._pipeline = pipeline
        self._desired = desired
        self._there = observed.door(desired.name)
        self._members = dict(members)
        self._image = _image(desired, observed)
        self._effective = observed.confirmed.get(desired.name, "")
        if self._image is not None and self._there is not None:
            self._same = self._there.config == digest(door.door_parts(desired, self._image))
        else:
            self._same = False

    @property
    def wanted(self) -> bool:
        """Whether the service shall have a door."""
        return self._image is not None

    @property
    def serves(self) -> bool:
        """Whether a door stands there now and stays."""
        return self._same and self._there is not None and self._there.running

    @property
    def name(self) -> str:
        """Of the container."""
        return f"{self._pipeline.name}-{self._desired.name}-door"

    def put(self, number: int, alias: str, after: tuple[str, ...]) -> list[Operation]:
        """Give this replica requests, in place of the one with the same number."""
        self._members[number] = alias
        return self._reconfigure(f"with the new replica {number}", after)

    def take(self, number: int, after: tuple[str, ...]) -> list[Operation]:
        """Give a replica no more requests."""
        self._members.pop(number, None)
        return self._reconfigure(f"without replica {number}", after)

    def settle(self, members: Mapping[int, str], after: tuple[str, ...]) -> list[Operation]:
        """The door as it shall be in the end."""
        self._members = dict(members)
        if self._image is None:
            return [removal(self._there, "no ingress any more", after)] if self._there else []
        if self.serves:
            return self._reconfigure(f"with {len(members)} replicas", after)
        return self._stand_up(self._image, after)

    def _stand_up(self, image: ImageFacts, after: tuple[str, ...]) -> list[Operation]:
        cause = "not there"
        operations: list[Operation] = []
        if self._there is not None and not self._same:
            cause = "its image, port or networks changed"
            operations.append(removal(self._there, cause, after))
        elif self._there is not None:
            cause = f"it is {self._there.state}"
        if self._there is None or not self._same:
            body = door.door_body(self._pipeline, self._desired, image, self.name)
            operations.append(Operation("create", "door", self.name, cause, body=body))
        text = self._config()
        must = "it must let requests through"
        operations += [
            self._write(cause, text),
            Operation("confirm", "door", self.name, cause, to=digest(text)),
            Operation("start", "door", self.name, cause),
            Operation(
                "wait for", "door", self.name, must, check=door.door_check(self._desired.service)
            ),
        ]
        return chain(operations, after)

    def _reconfigure(self, detail: str, after: tuple[str, ...]) -> list[Operation]:
        text = self._config()
        if not self.serves or digest(text) == self._effective:
            return []
        self._effective = digest(text)
        cause = "requests follow the replicas"
        longest = self._desired.service.stop_grace_period + 2 * door.KEEP_ALIVE
        steps = [
            self._write(cause, text),
            Operation("reload", "door", self.name, cause),
            Operation("drain", "door", self.name, cause, seconds=longest),
            Operation("confirm", "door", self.name, cause, to=self._effective),
        ]
        return chain([replace(step, detail=detail) for step in steps], after)

    def _write(self, cause: str, text: str) -> Operation:
        whose = {"pipeline": self._pipeline.name, "service": self._desired.name}
        return Operation("write", "door", self.name, cause, to=text, body=whose)

    def _config(self) -> str:
        named = {f"replica-{n}": alias for n, alias in sorted(self._members.items())}
        return door.config(self._desired, named)


def chain(operations: list[Operation], after: tuple[str, ...]) -> list[Operation]:
    """The same operations, each one after the one before it."""
    result = []
    for operation in operations:
        result.append(replace(operation, after=after))
        after = (operation.key,)
    return result


def _image(desired: Desired, observed: Observed) -> ImageFacts | None:
    if not desired.door:
        return None
    facts = observed.images.get(desired.door)
    if facts is None:
        raise EngineError(
            f"the image {desired.door} of the door is not there",
            details=f"`ingress` of the service {desired.name} asks for it",
            resolution="`capas build` builds the spec's images; `ingress.image` names another",
        )
    return facts
