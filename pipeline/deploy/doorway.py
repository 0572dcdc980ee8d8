"""What is done to a service's door while its replicas change (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from pipeline.deploy import door
from pipeline.deploy.container import own_alias
from pipeline.deploy.desired import Desired, digest
from pipeline.deploy.observe import Container, ImageFacts, Observed
from pipeline.deploy.operation import Operation
from pipeline.deploy.removal import removal
from pipeline.errors import EngineError
from pipeline.spec.model import Healthcheck, Pipeline

_CHECK = Healthcheck(interval=0.5, timeout=3.0, retries=20)


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
        return self._reconfigure(f"replica {number} is {alias}", after)

    def take(self, number: int, after: tuple[str, ...]) -> list[Operation]:
        """Give a replica no more requests."""
        self._members.pop(number, None)
        return self._reconfigure(f"without replica {number}", after)

    def settle(self, members: Mapping[int, str], after: tuple[str, ...]) -> list[Operation]:
        """The door as it shall be in the end."""
        self._members = dict(members)
        if self._image is None:
            return removal(self._there, "no ingress any more", after) if self._there else []
        if self.serves:
            return self._reconfigure(f"{len(members)} replicas", after)
        return self._stand_up(self._image, after)

    def _stand_up(self, image: ImageFacts, after: tuple[str, ...]) -> list[Operation]:
        cause = "not there"
        operations: list[Operation] = []
        if self._there is not None and not self._same:
            cause = "its image, port or networks changed"
            operations += removal(self._there, cause, after)
        elif self._there is not None:
            cause = f"it is {self._there.state}"
        if self._there is None or not self._same:
            body = door.door_body(self._pipeline, self._desired, image, self.name)
            operations.append(Operation("create", "door", self.name, cause, body=body))
        text = self._config()
        check = self._desired.service.healthcheck
        http = (
            f":{door.INSIDE_PORT}{check.http[check.http.index('/') :]}"
            if check and check.http
            else None
        )
        check = replace(_CHECK, http=http) if http else replace(_CHECK, tcp=door.INSIDE_PORT)
        operations += [
            Operation("write", "door", self.name, cause, to=text),
            Operation("confirm", "door", self.name, cause, to=digest(text)),
            Operation("start", "door", self.name, cause),
            Operation("wait for", "door", self.name, "it must let requests through", check=check),
        ]
        return chain(operations, after)

    def _reconfigure(self, cause: str, after: tuple[str, ...]) -> list[Operation]:
        text = self._config()
        if not self.serves or digest(text) == self._effective:
            return []
        self._effective = digest(text)
        grace = self._desired.service.stop_grace_period
        operations = [
            Operation("write", "door", self.name, cause, to=text, detail=self._effective),
            Operation("reload", "door", self.name, cause, detail=self._effective),
            Operation(
                "drain", "door", self.name, cause,
                seconds=grace + 2 * door.KEEP_ALIVE, detail=self._effective,
            ),
            Operation(
                "confirm", "door", self.name, cause, to=self._effective, detail=self._effective
            ),
        ]  # fmt: skip
        return chain(operations, after)

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


def alias_of(container: Container) -> str:
    """The name in the network that only this container has."""
    return own_alias(container.service, container.number, container.config)


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
