"""What `[[verify]]` says, as values: a claim about one's own services, and the steps that test it.

Times are seconds. A text may hold `{{name}}`, which stands for a value that a step before captured.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pipeline.lean_dataclasses import dataclass, field
from pipeline.lean_re import lazy_pattern

Verb = Literal["start", "stop", "restart", "kill", "remove", "recreate", "pause", "unpause"]
REFERENCE = lazy_pattern(r"\{\{([a-z][a-z0-9_]*)\}\}")
"""A captured value inside a text."""
ROUND = "round"
"""The captured value that is always there: the number of the round, from 1."""


SHELL = ("/bin/sh", "-c")
"""What runs a command that is one text."""


@dataclass(frozen=True)
class Execute:
    """Run a command in a running container."""

    argv: tuple[str, ...]


@dataclass(frozen=True)
class Request:
    """Ask over HTTP.

    Attributes:
        body: what is sent; a table or list is sent as JSON.
        port: of the container; None for the first that the service publishes.
    """

    method: str
    path: str
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    port: int | None = None


@dataclass(frozen=True)
class WriteFile:
    """Write a file inside a container, or on what is mounted there."""

    path: str
    content: str


@dataclass(frozen=True)
class ReadFile:
    """Read a file inside a container."""

    path: str


@dataclass(frozen=True)
class Change:
    """Do something to the containers of a service, or to one of them."""

    verb: Verb


@dataclass(frozen=True)
class Upgrade:
    """Deploy another version, as `capas deploy --version` does."""

    version: str


@dataclass(frozen=True)
class Rollback:
    """Go back to the deploy before, as `capas rollback` does."""


@dataclass(frozen=True)
class Scale:
    """Change the number of replicas."""

    replicas: int


@dataclass(frozen=True)
class Wait:
    """Let time pass."""

    seconds: float


@dataclass(frozen=True)
class BackUp:
    """Back up a volume, as `capas volume.backup` does."""

    volume: str


@dataclass(frozen=True)
class Restore:
    """Give a volume the content of the last backup that this experiment made of it."""

    volume: str


Action = (
    Execute | Request | WriteFile | ReadFile | Change | Upgrade | Rollback | Scale | Wait | BackUp
    | Restore
)  # fmt: skip


@dataclass(frozen=True)
class Expected:
    """What a step must show; None asks nothing.

    Attributes:
        status: of an answer over HTTP; None for any from 200 to 299.
        exit_code: of a command.
        text: must be in what was said; `without` must not.
        equals: all that was said, without white space around it.
        json: values by their way in a JSON document, such as `users.0.name`.
        absent: there must be no such file.
        answers: False: nothing may answer.
        fails: the change must fail.
    """

    status: int | None = None
    exit_code: int = 0
    text: str | None = None
    without: str | None = None
    equals: str | None = None
    json: Mapping[str, Any] = field(default_factory=dict)
    absent: bool = False
    answers: bool = True
    fails: bool = False


@dataclass(frozen=True)
class Step:
    """One step of an experiment.

    Attributes:
        index: its place in the list of steps, from 0.
        kind: the key that says what is done.
        given: all its keys.
        references: the captured values that its texts name, each with the key of the text.
        service: what it is about, or "" for all.
        replica: one replica of the service, or 0.
        captures: names of values, and their ways in a JSON document; "" is the whole text.
        within: seconds in which the expectation must come true; None: it is looked at once.
        repeat: how often it is done.
    """

    index: int
    kind: str
    action: Action
    service: str = ""
    replica: int = 0
    expected: Expected = field(default_factory=Expected)
    captures: Mapping[str, str] = field(default_factory=dict)
    within: float | None = None
    repeat: int = 1
    given: frozenset[str] = frozenset()
    references: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class OwnExperiment:
    """A claim about the services of this spec, and how it could be refuted.

    Attributes:
        index: its place among the spec's experiments, from 0.
        version: what its services run at the beginning; None for the one before the first
            upgrade, or the newest when nothing is upgraded.
        repeat: how often all the steps are done, in one world.
        timeout: seconds in which all of it must be done.
    """

    index: int
    name: str
    claim: str
    steps: tuple[Step, ...]
    version: str | None = None
    repeat: int = 1
    timeout: float = 300.0
