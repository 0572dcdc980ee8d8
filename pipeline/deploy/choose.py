"""Which containers a command means, and what runs now in words of the spec (pure)."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from pipeline.deploy.desired import Wish
from pipeline.deploy.observe import Container
from pipeline.errors import CapasError, UsageError
from pipeline.spec.model import Pipeline


def chosen(containers: Sequence[Container], names: Sequence[str]) -> tuple[Container, ...]:
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
        found = [c for c in in_order if name in known_as(c)]
        if not found:
            there = sorted({word for c in in_order for word in known_as(c)[:2]})
            raise UsageError(
                f"nothing is called {name}",
                resolution=f"one of: {', '.join(there)}" if there else "`capas deploy` comes first",
            )
        result += [c for c in found if c not in result]
    return tuple(result)


def one(containers: Sequence[Container], name: str) -> Container:
    """The first running container that a name means, or of all.

    Raises:
        UsageError: the name means nothing.
        CapasError: nothing of it runs.
    """
    found = [c for c in chosen(containers, [name] if name else []) if name or not c.is_door]
    running = [c for c in found if c.running]
    if not running:
        raise CapasError(
            f"nothing of {name} runs" if name else "nothing runs",
            details="\n".join(f"{c.name}: {c.state}" for c in found),
            resolution="`capas start` or `capas deploy`",
        )
    return running[0]


def known_as(container: Container) -> tuple[str, str, str]:
    """The names that mean a container: its service, its place, its own name."""
    place = "door" if container.is_door else str(container.number)
    return container.service, f"{container.service}-{place}", container.name


def as_it_runs(pipeline: Pipeline, containers: Sequence[Container]) -> Wish:
    """A wish for what is there already: the versions and numbers of replicas that run now."""
    versions: dict[str, str] = {}
    replicas: dict[str, int] = {}
    for container in containers:
        service = pipeline.services.get(container.service)
        if service is None or container.is_door:
            continue
        replicas[service.name] = max(replicas.get(service.name, 0), container.number)
        image = pipeline.images.get(service.image)
        if image and container.version in image.versions:
            versions[service.name] = container.version
    return Wish(versions, replicas)


def one_version_back(
    pipeline: Pipeline, containers: Sequence[Container], released: Collection[str] = ()
) -> dict[str, str]:
    """By service: the version that ran before the one that runs.

    The containers' labels know it; where none does (they were made anew after a `down`), it is the
    newest release below the version that runs.

    Args:
        released: the versions in the release lock, as `image:version`.

    Raises:
        CapasError: no service has a version to go back to.
    """
    mine = [c for c in containers if c.service in pipeline.services and not c.is_door]
    back = {c.service: c.previous for c in mine if c.previous and c.previous != c.version}
    if not back:
        below = {c.service: _release_below(pipeline, c, released) for c in mine}
        back = {service: version for service, version in below.items() if version}
    if not back:
        raise CapasError(
            "there is no version to go back to",
            details="no container has replaced one of another version, and no release is older",
            resolution="`capas rollback --version V` names one",
        )
    return back


def _release_below(pipeline: Pipeline, container: Container, released: Collection[str]) -> str:
    image = pipeline.images.get(pipeline.services[container.service].image)
    names = list(image.versions) if image else []
    if image is None or container.version not in names:
        return ""
    older = names[: names.index(container.version)]
    return next((v for v in reversed(older) if f"{image.name}:{v}" in released), "")
