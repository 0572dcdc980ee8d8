"""What a spec wants to run, as values ready to be compared with what is there (pure)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pipeline.errors import CapasError, Refused, UsageError
from pipeline.lean_dataclasses import dataclass, replace
from pipeline.spec.exclusive import exclusive_writers
from pipeline.spec.model import DEFAULT_NETWORK, Condition, Network, Pipeline, Service


@dataclass(frozen=True)
class Overrides:
    """What the command line asks for on top of the spec.

    Attributes:
        versions: by service: what it shall run instead of the spec's or the newest.
        replicas: by service.
        profiles: groups of optional services to be included.
    """

    versions: Mapping[str, str]
    replicas: Mapping[str, int]
    profiles: frozenset[str] = frozenset()


NOTHING_SPECIAL = Overrides({}, {})


@dataclass(frozen=True)
class DesiredService:
    """A service as it shall run.

    Attributes:
        reference: of its image.
        version: the image's version in the spec, or "" for an image from elsewhere.
        networks: names in Podman; empty when each replica gets a network of its own.
        ingress_image: reference of the proxy's image, or "" without an ingress.
    """

    service: Service
    reference: str
    version: str
    networks: tuple[str, ...] = ()
    ingress_image: str = ""

    @property
    def name(self) -> str:
        """The service's name."""
        return self.service.name


def desired_services(
    pipeline: Pipeline, wish: Overrides = NOTHING_SPECIAL
) -> tuple[DesiredService, ...]:
    """The services that shall run, dependencies first.

    Raises:
        UsageError: a version or a service that does not exist.
        Refused: two containers would write to what only one may write.
    """
    for name in {*wish.versions, *wish.replicas}:
        if name not in pipeline.services:
            raise UsageError(f"there is no service {name}", resolution=_one_of(pipeline.services))
    known = sorted({p for service in pipeline.services.values() for p in service.profiles})
    for profile in sorted(wish.profiles - set(known)):
        raise UsageError(
            f"no service has the profile {profile}",
            resolution=_one_of(known) if known else "no service of this spec has profiles",
        )
    services = [s for s in pipeline.services.values() if _is_wanted(s, wish.profiles)]
    services = [replace(s, replicas=wish.replicas.get(s.name, s.replicas)) for s in services]
    refuse_two_writers(pipeline, services)
    networked = needs_network(pipeline, services)
    result = []
    for service in in_order(services):
        reference, version = _image(pipeline, service, wish.versions.get(service.name))
        networks = service.networks or (DEFAULT_NETWORK,)
        result.append(
            DesiredService(
                service,
                reference,
                version,
                tuple(network(pipeline, n).engine_name for n in networks) if networked else (),
                _ingress_image(pipeline, service),
            )
        )
    return tuple(result)


def refuse_two_writers(pipeline: Pipeline, services: Sequence[Service]) -> None:
    """Refuse two containers that write to a volume of which one server keeps its data.

    Raises:
        Refused: with the services and the volume.
    """
    for (kind, source), users in exclusive_writers(pipeline, services).items():
        count = sum(one.service.replicas for one in users)
        if count < 2:
            continue
        names = ", ".join(f"{w.service.name} ({w.service.replicas})" for w in users)
        word = "; `exclusive = false` of the volume allows it" if kind == "volume" else ""
        raise Refused(
            f"{count} containers would write to {source}, where only one may",
            details=f"{users[0].why}; it is mounted by {names}",
            resolution=f"let one container write{word}",
        )


def needs_network(pipeline: Pipeline, services: Sequence[Service]) -> bool:
    """Whether anything must find anything else by name.

    A lone service needs no network: each of its replicas then has one of its own, which works on
    every host and keeps even the replicas apart.
    """
    asked_for = any(
        name != DEFAULT_NETWORK or network.internal or network.labels
        for name, network in pipeline.networks.items()
    )
    return asked_for or len(services) > 1 or any(service.ingress for service in services)


def restartable(pipeline: Pipeline, wanted: Sequence[DesiredService]) -> tuple[DesiredService, ...]:
    """The same services in a network, where one of them is started again with a published port.

    For hosts whose containers lose their ports on a restart unless they are in a network.
    """
    need = any(d.service.ports and d.service.restart != "no" for d in wanted)
    if not need or any(d.networks for d in wanted):
        return tuple(wanted)
    name = network(pipeline, DEFAULT_NETWORK).engine_name
    return tuple(replace(d, networks=(name,)) for d in wanted)


def network(pipeline: Pipeline, name: str) -> Network:
    """A network of the spec, or the private one that every pipeline has without saying so."""
    return pipeline.networks.get(name) or Network(name, f"{pipeline.name}_{name}")


def versions_for(pipeline: Pipeline, version: str) -> dict[str, str]:
    """`--version V` as versions by service: every service whose image has that version.

    Raises:
        UsageError: no image has it.
    """
    found = {
        service.name: version
        for service in pipeline.services.values()
        if service.built_here and version in pipeline.images[service.image].versions
    }
    if not found:
        known = dict.fromkeys(
            f"{service.image}:{known}"
            for service in pipeline.services.values()
            if service.built_here
            for known in pipeline.images[service.image].versions
        )
        raise UsageError(
            f"no service has a version {version}",
            resolution=_one_of(known) if known else "none of them runs an image of this spec",
        )
    return found


def replicas_for(pipeline: Pipeline, asked: str) -> dict[str, int]:
    """`--replicas 3` or `--replicas web=3,worker=2`, by service.

    Raises:
        UsageError: no number, no such service, or it is unclear which service is meant.
    """
    result = {}
    for part in asked.split(","):
        name, equals, number = part.rpartition("=")
        if not number.strip().isdecimal():
            raise UsageError(
                f"invalid replica count {part!r}", resolution="use 3, or web=3,worker=2"
            )
        result[name.strip() if equals else _only_service(pipeline)] = int(number)
    return result


def depended_on(services: Iterable[Service], condition: Condition) -> frozenset[str]:
    """The services that others wait for, in that way."""
    return frozenset(
        dependency.service
        for service in services
        for dependency in service.depends_on
        if dependency.condition == condition
    )


def in_order(services: Sequence[Service]) -> list[Service]:
    """Dependencies first, otherwise the spec's order.

    Raises:
        CapasError: services wait for each other in a circle.
    """
    by_name = {service.name: service for service in services}
    done: dict[str, Service] = {}

    def add(service: Service, above: tuple[str, ...]) -> None:
        if service.name in above:
            circle = " → ".join([*above, service.name])
            raise CapasError("services depend on each other in a circle", details=circle)
        for dependency in service.depends_on:
            if dependency.service in by_name and dependency.service not in done:
                add(by_name[dependency.service], (*above, service.name))
        done[service.name] = service

    for service in services:
        if service.name not in done:
            add(service, ())
    return list(done.values())


def digest(value: Any) -> str:
    """Twelve hexadecimal digits that stand for a value of JSON."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _is_wanted(service: Service, profiles: frozenset[str]) -> bool:
    return not service.profiles or bool(profiles & set(service.profiles))


def _image(pipeline: Pipeline, service: Service, asked: str | None) -> tuple[str, str]:
    if not service.built_here:
        return service.image, ""
    image = pipeline.images[service.image]
    name = asked or service.version
    if name is None:
        return image.newest.reference, image.newest.name
    if name not in image.versions:
        raise UsageError(
            f"{service.image} has no version {name}", resolution=_one_of(image.versions)
        )
    return image.versions[name].reference, name


def _ingress_image(pipeline: Pipeline, service: Service) -> str:
    """The proxy's image: one of this spec by `image` or `image:version`, else a reference."""
    if service.ingress is None:
        return ""
    name, _, version = service.ingress.image.removeprefix("localhost/").partition(":")
    image = pipeline.images.get(name)
    if image is None:
        return service.ingress.image
    if not version:
        return image.newest.reference
    if version not in image.versions:
        raise UsageError(f"{name} has no version {version}", resolution=_one_of(image.versions))
    return image.versions[version].reference


def _only_service(pipeline: Pipeline) -> str:
    services = list(pipeline.services)
    candidates = services if len(services) == 1 else [
        s.name for s in pipeline.services.values() if s.built_here
    ]  # fmt: skip
    if len(candidates) != 1:
        raise UsageError(
            "it is unclear which service gets that many replicas",
            resolution=f"write for example {candidates[0] if candidates else services[0]}=3",
        )
    return candidates[0]


def _one_of(names: Any) -> str:
    return f"one of: {', '.join(names)}"
