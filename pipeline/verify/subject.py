"""What the experiments are made on: by default the spec's own built images and service (pure)."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from pipeline.errors import UsageError
from pipeline.lean_dataclasses import dataclass, field
from pipeline.spec.model import Mount, Pipeline, Service


@dataclass(frozen=True)
class ExperimentSubject:
    """An image to experiment on, and how a container of it serves.

    Attributes:
        image: the reference of the version under test.
        older: references of other built versions of the same image, newest first.
        port: what a container of it listens on, or None when nothing tells.
        mounts: the service's; a program may need them to start.
    """

    image: str
    older: tuple[str, ...] = ()
    port: int | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    command: tuple[str, ...] | None = None
    entrypoint: tuple[str, ...] | None = None
    mounts: tuple[Mount, ...] = ()


def choose_subject(
    pipeline: Pipeline, built: Collection[str], version: str | None = None
) -> ExperimentSubject:
    """The subject of a spec: its first service of an image that is built, best with a port.

    Args:
        built: references of the store.
        version: of the image; None for the newest that is built.

    Raises:
        UsageError: nothing of the spec is built, or not this version.
    """
    services = [s for s in pipeline.services.values() if s.built_here]
    for service in sorted(services, key=lambda s: _port(s) is None):
        if references := _built(pipeline, service.image, built, version):
            return ExperimentSubject(
                references[0],
                references[1:],
                _port(service),
                service.environment,
                service.command,
                service.entrypoint,
                service.mounts,
            )
    for name in pipeline.images:
        if references := _built(pipeline, name, built, version):
            return ExperimentSubject(references[0], references[1:])
    what = f"version {version}" if version else "no version"
    raise UsageError(
        f"{what} of {pipeline.name} is {'not ' if version else ''}built",
        resolution="`capas build` builds them",
    )


def versions_built(
    pipeline: Pipeline, built: Collection[str], version: str | None
) -> dict[str, str]:
    """By service: a version that is built, where the spec does not say which one runs.

    Args:
        version: of each image that has it; None for the newest.
    """
    found = {}
    for service in pipeline.services.values():
        if service.built_here:
            versions = pipeline.images[service.image].versions
            there = [one.name for one in versions.values() if one.reference in built]
            if version is not None and version in versions:
                found[service.name] = version
            elif there and service.version is None:
                found[service.name] = there[-1]
    return found


def _built(
    pipeline: Pipeline, image: str, built: Collection[str], version: str | None
) -> tuple[str, ...]:
    """References of an image's built versions: the wanted one first, then from the newest on."""
    there = [v for v in pipeline.images[image].versions.values() if v.reference in built]
    there.reverse()
    if version is not None:
        if version not in (v.name for v in there):
            return ()
        there.sort(key=lambda v: v.name != version)
    return tuple(v.reference for v in there)


def _port(service: Service) -> int | None:
    if service.ports:
        return service.ports[0].target
    return service.ingress.target if service.ingress else None
