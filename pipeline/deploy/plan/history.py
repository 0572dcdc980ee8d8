"""A deploy is one thing with a number: what each was, and which were healthy as a whole (pure).

Every container carries the number of the deploy that made it. When everything that a deploy wants
is healthy, its record is kept: the labels of a secret of ours that holds nothing else
(docs/decisions/0024). A number without a record is that of a deploy that was interrupted or failed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache

from pipeline.deploy.model.desired import digest
from pipeline.deploy.observe.snapshot import Container, Observed
from pipeline.engine import labels
from pipeline.engine.json_input import parse_json
from pipeline.engine.json_shape import fit, like, whole
from pipeline.lean_dataclasses import dataclass, field

KEPT = 10
"""Records kept, as Kubernetes keeps revisions (Deployment, spec.revisionHistoryLimit)."""
_NUMBER = like("[0-9]{1,9}")
"""Labels are input: one of a thousand digits is not a number of a deploy."""
_REPLICAS = whole(0, 100_000)
_LONGEST = 40
"""Letters of a pipeline's name in that of a record: Podman 4 takes 64 for a secret's name."""


@dataclass(frozen=True)
class Ran:
    """What one service was in a deploy.

    Attributes:
        version: in the spec, or "" for an image from elsewhere.
        config: digest of what its replicas were made from.
    """

    version: str
    config: str
    replicas: int


@dataclass(frozen=True)
class Record:
    """A deploy that was healthy as a whole.

    Attributes:
        secret: the name in Podman of what keeps it.
        replaced: number of the deploy that was healthy before, or 0.
        back_to: number of the deploy that this one, a rollback, went back to, or 0.
    """

    number: int
    secret: str
    services: Mapping[str, Ran] = field(default_factory=dict)
    replaced: int = 0
    back_to: int = 0

    @property
    def versions(self) -> dict[str, str]:
        """By service, those of the spec's own images."""
        return {name: ran.version for name, ran in self.services.items() if ran.version}

    def labels(self, pipeline: str) -> dict[str, str]:
        """What keeps it."""
        services = {n: [r.version, r.config, r.replicas] for n, r in sorted(self.services.items())}
        return {
            labels.PIPELINE: pipeline,
            labels.DEPLOY: str(self.number),
            labels.SERVICES: json.dumps(services, separators=(",", ":")),
            labels.REPLACED: str(self.replaced),
            labels.BACK_TO: str(self.back_to),
        }


def records_of(pipeline: str, secrets: Mapping[str, Mapping[str, str]]) -> tuple[Record, ...]:
    """The deploys of a pipeline that were healthy as a whole, by number.

    What says it is one and cannot be read is none.
    """
    found = []
    for name, has in secrets.items():
        if has.get(labels.PIPELINE) == pipeline and labels.DEPLOY in has:
            with suppress(ValueError):
                found.append(_record(name, has))
    return tuple(sorted(found, key=lambda record: record.number))


def is_record(has: Mapping[str, str]) -> bool:
    """Whether a secret with these labels keeps a deploy's record, and is no secret of a spec."""
    return labels.DEPLOY in has


def record_name(pipeline: str, number: int) -> str:
    """The name in Podman of what keeps a record."""
    short = pipeline if len(pipeline) <= _LONGEST else f"{pipeline[:27]}-{digest(pipeline)}"
    return f"{short}.deploy-{number}"


def last_number(records: Sequence[Record]) -> int:
    """Of the last deploy that was healthy as a whole, or 0."""
    return records[-1].number if records else 0


def next_number(records: Sequence[Record], containers: Iterable[Container]) -> int:
    """One that no deploy had, whatever became of it."""
    return 1 + max([last_number(records), *(c.deploy for c in containers)])


def is_proved(container: Container, last: int) -> bool:
    """Whether the deploy that made it, or one that kept it, was healthy as a whole.

    Without a number it was made before deploys had one.

    Args:
        last: number of the last deploy that was healthy as a whole.
    """
    return container.deploy <= last


def standing(pipeline: str, observed: Observed, service: str) -> dict[int, Container]:
    """By replica number: the container that a failed deploy goes back to.

    It belongs to the last deploy that was healthy as a whole, running or not; where nothing of the
    service does, it runs. What that deploy replaced is none, though a kill may have left it: beside
    the others it would be a mixture.
    """
    records = records_of(pipeline, observed.secrets)
    last = last_number(records)
    ran = records[-1].services.get(service) if records else None
    found: dict[int, list[Container]] = {}
    replicas = [c for c in observed.of(service) if not c.lost]  # no engine starts those again
    if ran is not None:  # what is above its last number was on its way out when it was killed
        replicas = [c for c in replicas if c.number <= ran.replicas]
    proved = [c for c in replicas if is_proved(c, last) and (not ran or c.config == ran.config)]
    for container in proved or replicas:
        if proved or container.running:
            found.setdefault(container.number, []).append(container)

    def rank(one: Container) -> tuple[bool, int, bool]:
        recorded = ran is not None and one.config == ran.config
        return not recorded, -one.deploy if proved else one.deploy, not one.running

    return {number: min(each, key=rank) for number, each in found.items()}


def unproved(pipeline: str, observed: Observed) -> bool:
    """Whether a deploy that was not healthy as a whole is under way, or left something that runs.

    What a failed one stopped, of a service that did not run before, is only there to be looked at.
    """
    last = last_number(records_of(pipeline, observed.secrets))
    good = {c.service for c in observed.containers if is_proved(c, last)}
    return any(
        not is_proved(c, last) and (c.running or c.service in good) for c in observed.containers
    )


def _record(name: str, has: Mapping[str, str]) -> Record:
    numbers = (has[labels.DEPLOY], has.get(labels.REPLACED, "0"), has.get(labels.BACK_TO, "0"))
    number, replaced, back_to = (int(fit(one, _NUMBER)) for one in numbers)
    return Record(number, name, _services(has.get(labels.SERVICES, "{}")), replaced, back_to)


@lru_cache(maxsize=4 * KEPT)
def _services(text: str) -> Mapping[str, Ran]:
    """What a record's label says; every service of a plan asks for it again."""
    found = parse_json(text)
    if found is None:
        raise ValueError("no services")
    services = fit(found, {str: [(str, _REPLICAS)]})
    return {n: Ran(fit(v, str), fit(c, str), fit(r, int)) for n, (v, c, r) in services.items()}
