"""What a plan is made of: operations, one API call each, and the cause of every one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pipeline.lean_dataclasses import dataclass, field, replace
from pipeline.spec.model import Healthcheck, Secret

Kind = Literal["image", "network", "volume", "secret", "container", "ingress", "deploy"]
Verb = Literal[
    "create", "start", "unpause", "pause", "stop", "restart", "remove", "rename",
    "pull", "wait for", "wait for the end of", "write", "reload", "drain", "confirm",
    "record",
]  # fmt: skip

RELEASE_SECONDS = 3.0
"""How long what forwarded a port may hold it when its container has ended: pasta, Podman 5's, ends
by itself some time later."""


FOR_GOOD = "for good"
"""The detail of a `stop` that also ends a crash loop."""


@dataclass(frozen=True)
class Operation:
    """One step: what is done to which thing, and why.

    Attributes:
        name: of the thing, in Podman.
        after: keys of the operations that must have succeeded before.
        detail: tells apart operations that do the same to the same thing.
        body: what the API is sent, for `create` of all but a secret.
        labels: of the secret that `create` makes, or that `record` keeps a deploy in.
        secret: where the value of a secret comes from.
        record: the secret that keeps a deploy's record.
        check: what `wait for` holds the container to; None is "it runs".
        grace: seconds before SIGKILL, for `stop`, `restart` and `remove`; None is what the
            container was made with.
        patience: seconds that `start` waits for a port that an old container held.
        deadline: seconds that `drain` waits for the last request.
        new_name: for `rename`.
        text: the configuration, for `write`.
        serves: the pipeline and the service whose replicas that configuration names.
        digest: of the configuration that is in effect now, for `confirm`.
    """

    verb: Verb
    kind: Kind
    name: str
    cause: str
    after: tuple[str, ...] = ()
    detail: str = ""
    body: Mapping[str, Any] = field(default_factory=dict, repr=False)
    labels: Mapping[str, str] = field(default_factory=dict, repr=False)
    secret: Secret | None = None
    record: str = ""
    check: Healthcheck | None = None
    grace: float | None = None
    patience: float = 0.0
    deadline: float = 0.0
    new_name: str = ""
    text: str = ""
    serves: tuple[str, str] = ("", "")
    digest: str = ""

    @property
    def key(self) -> str:
        """What other operations name it by."""
        return key_of(self.verb, self.kind, self.name, self.detail)

    @property
    def waits(self) -> bool:
        """Whether it only waits for what others have begun."""
        return self.verb in ("wait for", "wait for the end of")

    def __str__(self) -> str:
        return f"{self.key} ({self.cause})"


def key_of(verb: Verb, kind: Kind, name: str, detail: str = "") -> str:
    """What an operation is named by in the `after` of others, and in the text of a plan."""
    return f"{verb} {kind} {name}{detail and f' {detail}'}"


@dataclass(frozen=True)
class Plan:
    """All that a deploy would do, in an order that respects every `after`.

    Attributes:
        notes: what the user should know about, though nothing is done about it.
        backups: volumes that want a backup before any of this is done.
        tail: how many operations at the end are done only when all that the others made, and all
            that they did not touch, is healthy; what takes away is among these.
        headline: what the plan begins with, where that is not what was asked for.
    """

    operations: tuple[Operation, ...] = ()
    notes: tuple[str, ...] = ()
    backups: tuple[str, ...] = ()
    tail: int = 0
    headline: str = ""

    @property
    def head(self) -> Plan:
        """All but the tail."""
        return replace(self, operations=self.operations[: len(self.operations) - self.tail], tail=0)

    @property
    def ending(self) -> Plan:
        """The tail alone."""
        return Plan(self.operations[len(self.operations) - self.tail :])

    @property
    def changes(self) -> bool:
        """Whether anything would be done."""
        return bool(self.operations)

    def __str__(self) -> str:
        lines = [*map(str, self.operations), *(f"note: {note}" for note in self.notes)]
        return "\n".join([self.headline, *lines] if self.headline else lines)
