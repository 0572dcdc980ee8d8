"""What an export yields, and what all formats ask of a pipeline (pure)."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.errors import UsageError
from pipeline.lean_dataclasses import dataclass, field
from pipeline.spec.model import Healthcheck, Pipeline, Service


@dataclass(frozen=True)
class Exported:
    """Files of another engine.

    Attributes:
        files: texts by file name.
        notes: what the other engine cannot say, or says in another way, one sentence each.
    """

    files: Mapping[str, str]
    notes: tuple[str, ...] = field(default=())


def image_reference(pipeline: Pipeline, service: Service, version: str | None) -> str:
    """The image that a service runs: the wanted version, else the pinned, else the newest.

    Raises:
        UsageError: its image has no such version.
    """
    if not service.built_here:
        return service.image
    image = pipeline.images[service.image]
    name = version if version in image.versions else service.version
    if name is None:
        return image.newest.reference
    if name not in image.versions:
        raise UsageError(f"{service.image} has no version {name}")
    return image.versions[name].reference


def check_version(pipeline: Pipeline, version: str | None) -> None:
    """Whether some service has the version that was asked for.

    Raises:
        UsageError: none has.
    """
    if version is not None and not any(
        version in pipeline.images[s.image].versions
        for s in pipeline.services.values()
        if s.built_here
    ):
        raise UsageError(f"no service has a version {version}")


def http_check(check: Healthcheck) -> tuple[int, str]:
    """Port and path of a check over HTTP, for a reader of URLs: a `#` would end the path there."""
    port, _, path = (check.http or "").lstrip(":").partition("/")
    return int(port), f"/{path}".replace("#", "%23")


def probe_command(check: Healthcheck) -> list[str]:
    """A command inside the container that asks what the check asks from outside."""
    if check.test is not None:
        return list(check.test)
    if check.http is not None:
        port, path = http_check(check)
        return ["wget", "-q", "-O", "/dev/null", f"http://127.0.0.1:{port}{path}"]
    return ["nc", "-z", "127.0.0.1", str(check.tcp)]
