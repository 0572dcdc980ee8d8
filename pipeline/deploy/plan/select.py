"""Which containers a command means, and what runs now in words of the spec (pure)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from pipeline.deploy.model.desired import Overrides
from pipeline.deploy.observe.snapshot import Container, Observed
from pipeline.deploy.plan.history import Record, records_of, standing, unproved
from pipeline.engine import labels
from pipeline.errors import CapasError, UsageError
from pipeline.lean_dataclasses import dataclass
from pipeline.spec.model import Pipeline


def select_containers(
    containers: Sequence[Container], names: Sequence[str]
) -> tuple[Container, ...]:
    """The containers that `web`, `web-2` or a container's own name mean.

    Args:
        names: none of them means all.

    Raises:
        UsageError: a name means nothing.
    """
    in_order = sorted(containers, key=lambda c: (c.service, c.number, c.name))
    if not names:
        return tuple(in_order)
    result: list[Container] = []
    for name in names:
        found = [c for c in in_order if name in names_of(c)]
        if not found:
            there = sorted({word for c in in_order for word in names_of(c)[:2]})
            raise UsageError(
                f"no service or container is named {name}",
                resolution=f"one of: {', '.join(there)}" if there else "`capas deploy` comes first",
            )
        result += [c for c in found if c not in result]
    return tuple(result)


def select_one(containers: Sequence[Container], name: str) -> Container:
    """The first running container that a name means, or of all.

    Raises:
        UsageError: the name means nothing.
        CapasError: nothing of it runs.
    """
    found = [
        c for c in select_containers(containers, [name] if name else []) if name or not c.is_ingress
    ]
    running = [c for c in found if c.running]
    if not running:
        raise CapasError(
            f"nothing of {name} runs" if name else "nothing runs",
            details="\n".join(f"{c.name}: {c.state}" for c in found),
            resolution="`capas start` or `capas deploy`",
        )
    return running[0]


def names_of(container: Container) -> tuple[str, ...]:
    """The names that mean a container: its service, its place, its own name.

    An ingress has its former place, `web-door`, too (decision 0029).
    """
    service = container.service
    if container.is_ingress:
        return service, f"{service}-ingress", container.name, f"{service}-door"
    return service, f"{service}-{container.number}", container.name


def left_over(
    pipeline: Pipeline, observed: Observed, names: Sequence[str]
) -> tuple[Container, ...]:
    """What an unfinished deploy left at a place that another container has, and nobody named.

    Started together they would want one port, and two versions would serve.
    """
    result: list[Container] = []
    for service in pipeline.services:
        stands = standing(pipeline.name, observed, service)
        for container in observed.of(service):
            right = stands.get(container.number, container)
            if container.id != right.id and container.name not in names:
                result.append(container)
        result += [d for d in observed.ingresses(service)[1:] if d.name not in names]
    return tuple(c for c in result if not c.running)


def current_overrides(pipeline: Pipeline, observed: Observed) -> Overrides:
    """A wish for what is there already: the versions and numbers of replicas that run now.

    Where an interrupted deploy left two, it is what the last healthy one was.
    """
    versions: dict[str, str] = {}
    replicas: dict[str, int] = {}
    for service in pipeline.services.values():
        image = pipeline.images.get(service.image)
        stands = standing(pipeline.name, observed, service.name)
        there = stands or {c.number: c for c in observed.of(service.name)}
        if not there:
            continue
        replicas[service.name] = max(there)
        found = [c.version for _number, c in sorted(there.items())]
        if image and found[0] in image.versions:
            versions[service.name] = found[0]
    return Overrides(versions, replicas)


@dataclass(frozen=True)
class Goal:
    """Where a rollback goes.

    Attributes:
        versions: by service.
        deploy: the number of the deploy that was this, or 0 when only versions are known.
    """

    versions: Mapping[str, str]
    deploy: int = 0

    def __str__(self) -> str:
        what = ", ".join(f"{name} {version}" for name, version in sorted(self.versions.items()))
        return f"back to deploy {self.deploy}: {what}" if self.deploy else f"back to {what}"


def rollback_goal(pipeline: Pipeline, observed: Observed, released: Collection[str] = ()) -> Goal:
    """The last deploy that was healthy as a whole, and is not what runs.

    After a deploy that was interrupted or failed it is the one before that; after a rollback, the
    one before where that went: each `rollback` goes one step further back, and `deploy` is the way
    forward. Where no record says it (after a `down`), it is the newest release below the version
    that runs.

    Args:
        released: the versions in the release lock, as `image:version`.

    Raises:
        CapasError: there is none, or the spec has a version no more.
    """
    records = records_of(pipeline.name, observed.secrets)
    if unproved(pipeline.name, observed) and records:
        goal = _interrupted(observed, records) or records[-1]
        return _goal(pipeline, goal)
    if records:
        last = records[-1]
        ours = _ours(pipeline, last)
        below = last.back_to or last.number
        for record in reversed(records):
            if record.number < below and _ours(pipeline, record) != ours:
                return _goal(pipeline, record)
    mine = [c for c in observed.containers if c.service in pipeline.services and not c.is_ingress]
    back = {} if records else _labelled(mine)
    if not back:
        older = {c.service: _release_below(pipeline, c, released) for c in mine}
        back = {service: version for service, version in older.items() if version}
    if not back:
        raise CapasError(
            "there is no version to go back to",
            details="no deploy of other versions was healthy as a whole, and no release is older",
            resolution="`capas rollback --version V` names one",
        )
    return Goal(back)


def _interrupted(observed: Observed, records: Sequence[Record]) -> Record | None:
    """Where a rollback that did not end was going."""
    last = records[-1].number
    goals = {
        c.labels[labels.BACK_TO]
        for c in observed.containers
        if c.deploy > last and labels.BACK_TO in c.labels
    }
    return next((r for r in reversed(records) if str(r.number) in goals), None)


def _ours(pipeline: Pipeline, record: Record) -> dict[str, str]:
    """The versions in a record, of services that the spec still has."""
    return {name: v for name, v in record.versions.items() if name in pipeline.services}


def _goal(pipeline: Pipeline, record: Record) -> Goal:
    """A record's versions; a service that it does not know has that of another with its image.

    Raises:
        CapasError: the spec has a version no more.
    """
    versions = _ours(pipeline, record)
    by_image = {pipeline.services[name].image: v for name, v in versions.items()}
    for name, service in pipeline.services.items():
        if name not in versions and service.built_here and service.image in by_image:
            versions[name] = by_image[service.image]
    for name, version in versions.items():
        image = pipeline.images.get(pipeline.services[name].image)
        if image is None or version not in image.versions:
            raise CapasError(
                f"cannot go back to deploy {record.number}",
                details=f"{name} was {version} then, which is no longer in the spec",
                resolution="write the version into the spec again, or name another: "
                "`capas rollback --version V`",
            )
    return Goal(versions, record.number)


def _labelled(containers: Sequence[Container]) -> dict[str, str]:
    """What ran before, as containers say that were made before deploys had numbers."""
    return {c.service: c.previous for c in containers if c.previous and c.previous != c.version}


def _release_below(pipeline: Pipeline, container: Container, released: Collection[str]) -> str:
    image = pipeline.images.get(pipeline.services[container.service].image)
    names = list(image.versions) if image else []
    if image is None or container.version not in names:
        return ""
    older = names[: names.index(container.version)]
    return next((v for v in reversed(older) if f"{image.name}:{v}" in released), "")
