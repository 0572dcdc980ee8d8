"""One snapshot of what is there: containers, volumes, networks, secrets, images, held ports."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from pipeline.deploy.model.exit_status import ENDED
from pipeline.deploy.model.ownership import deployed, readable
from pipeline.deploy.model.ports import Binding, Held
from pipeline.deploy.observe.faults import Fault, find_faults
from pipeline.deploy.observe.features import Features, observe_features
from pipeline.deploy.observe.held_ports import bindings_of, held_ports
from pipeline.engine import labels
from pipeline.lean_dataclasses import dataclass, field, replace

if TYPE_CHECKING:
    from pipeline.engine.inspected import ContainerEvent, InspectedImage, ListedContainer
    from pipeline.engine.podman import PodmanReader

RUNNING = "running"
_DIGITS = 10
"""More than any deploy's number has; labels are input."""
_SETTLING_SECONDS = 2.0
_SETTLING_PAUSE = 0.2
MARK_FILE = "/etc/haproxy/capas.confirmed"
"""In an ingress: digest of the configuration known to be in effect. A deploy may die between
writing a configuration and that moment."""


@dataclass(frozen=True)
class Container:
    """A container that this pipeline made.

    Attributes:
        number: the replica's number; 0 for an ingress.
        state: Podman's word: created, running, paused, exited, stopped, …
        created: when, as the engine writes it: a time, or seconds since the epoch.
        fault: why it cannot be reached or managed, though Podman says that it runs; "" is none.
        lost: Podman cannot start it any more: only a new one helps.
    """

    id: str
    name: str
    service: str
    number: int
    state: str
    labels: Mapping[str, str] = field(default_factory=dict)
    image_id: str = ""
    exit_code: int = 0
    bindings: tuple[Binding, ...] = ()
    pid: int = 0
    created: str | int = ""
    fault: str = ""
    lost: bool = False

    @property
    def config(self) -> str:
        """Digest of what it was made from."""
        return self.labels.get(labels.CONFIG, "")

    @property
    def version(self) -> str:
        """The version that it runs, or ""."""
        return self.labels.get(labels.VERSION, "")

    @property
    def previous(self) -> str:
        """The version that ran in its place before, or ""."""
        return self.labels.get(labels.PREVIOUS, "")

    @property
    def deploy(self) -> int:
        """The number of the deploy that made it; 0 of one before deploys had numbers."""
        number = self.labels.get(labels.DEPLOY, "")
        return int(number) if number.isdecimal() and len(number) < _DIGITS else 0

    @property
    def is_ingress(self) -> bool:
        """Whether it is the ingress of a service, and no replica."""
        return labels.is_ingress(self.labels)

    @property
    def alias(self) -> str:
        """The name by which its networks know it and no other."""
        return own_alias(self.service, self.number, self.config)

    @property
    def running(self) -> bool:
        """Whether its process runs now."""
        return self.state == RUNNING

    @property
    def ended_well(self) -> bool:
        """Whether its process is over, with 0: a job that is done."""
        return self.state in ENDED and self.exit_code == 0


def own_alias(service: str, number: int, config: str) -> str:
    """A name in the network that not even a container's successor has."""
    return f"{service}-{number}-{config}"


@dataclass(frozen=True)
class ImageFacts:
    """What a deploy needs to know about an image in the store."""

    id: str
    capabilities: tuple[str, ...] = ()


@dataclass(frozen=True)
class Observed:
    """What is there now.

    Attributes:
        containers: ours, this pipeline's.
        foreign: names of everybody else's containers.
        unfinished: names of containers that only the store knows: the engine was killed while it
            made them. Their labels are lost.
        volumes: every volume's labels, by name; `networks` and `secrets` likewise.
        fingerprints: what stands for a secret's value now, by the secret's name in Podman.
        broken: containers with labels of this pipeline that no deploy writes, in words.
        confirmed: digest of the configuration that an ingress serves with, by the ingress's name.
    """

    containers: tuple[Container, ...] = ()
    foreign: frozenset[str] = frozenset()
    unfinished: frozenset[str] = frozenset()
    volumes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    networks: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    secrets: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    images: Mapping[str, ImageFacts] = field(default_factory=dict)
    held: Held = field(default_factory=Held)
    abilities: Features = field(default_factory=Features)
    broken: tuple[str, ...] = ()
    confirmed: Mapping[str, str] = field(default_factory=dict)
    fingerprints: Mapping[str, str] = field(default_factory=dict)

    @property
    def kept_fingerprints(self) -> Mapping[str, str]:
        """What will stand for each secret after a deploy: one whose source is gone stays."""
        there = {
            n: has[labels.FINGERPRINT]
            for n, has in self.secrets.items()
            if labels.FINGERPRINT in has
        }
        return {**there, **self.fingerprints}

    def of(self, service: str) -> tuple[Container, ...]:
        """The replicas of one service, by number."""
        mine = (c for c in self.containers if c.service == service and not c.is_ingress)
        return tuple(sorted(mine, key=lambda c: (c.number, c.name)))

    def ingresses(self, service: str) -> tuple[Container, ...]:
        """The ingress of a service, and in an update its successor; by name."""
        found = (c for c in self.containers if c.service == service and c.is_ingress)
        return tuple(sorted(found, key=lambda c: c.name))

    def ingress(self, service: str) -> Container | None:
        """The ingress of a service."""
        return next(iter(self.ingresses(service)), None)


def observe(
    reader: PodmanReader,
    pipeline: str,
    images: Iterable[str] = (),
    *,
    lost: Iterable[int] = (),
) -> Observed:
    """Look at everything once.

    Args:
        pipeline: its name.
        images: references that the deploy needs.
        lost: ports that could not be bound though nobody was seen to hold them.
    """
    seen = _seen(reader, pipeline, lambda: reader.containers(external=True))
    listed, containers, broken = seen.listed, seen.containers, seen.broken
    ours = {c.id for c in containers}
    others = [c for c in listed if not c.only_stored and c.id not in ours]
    running = [
        b
        for c in containers
        if c.state in (RUNNING, "paused")
        for b in c.bindings
        if b not in seen.taken
    ]
    return Observed(
        containers=containers,
        foreign=frozenset(name for c in others for name in c.names),
        unfinished=frozenset(
            name for c in listed if c.only_stored and c.command != ("buildah",) for name in c.names
        ),
        volumes={one.name: one.labels for one in reader.volumes()},
        networks={one.name: one.labels for one in reader.networks()},
        secrets={one.name: one.labels for one in reader.secrets()},
        images={name: facts for name in images if (facts := _image(reader.image(name)))},
        held=held_ports(reader.machine, others, lost).without(running),
        abilities=observe_features(reader),
        broken=broken,
        confirmed={
            c.name: reader.file_text(c.name, MARK_FILE) or "" for c in containers if c.is_ingress
        },
    )


def containers_of(reader: PodmanReader, pipeline: str) -> tuple[Container, ...]:
    """Only the containers of a pipeline."""
    mine = [f"{labels.PIPELINE}={pipeline}", labels.CONFIG]
    return _seen(reader, pipeline, lambda: reader.containers(mine)).containers


def broken_labels(reader: PodmanReader, pipeline: str) -> tuple[str, ...]:
    """Containers with labels of this pipeline that no deploy writes, in words."""
    return readable((), reader.containers([f"{labels.PIPELINE}={pipeline}"]), pipeline)[1]


@dataclass(frozen=True)
class _Seen:
    """What a listing shows.

    Attributes:
        containers: the pipeline's.
        taken: their ports that others have now.
        broken: those with labels that no deploy writes, in words.
    """

    listed: list[ListedContainer]
    containers: tuple[Container, ...]
    taken: frozenset[Binding]
    broken: tuple[str, ...]


def _seen(
    reader: PodmanReader, pipeline: str, listing: Callable[[], list[ListedContainer]]
) -> _Seen:
    """List containers and look at them.

    One that just ends gets a little time in which its monitor tells Podman.
    """
    end = time.monotonic() + _SETTLING_SECONDS
    while True:
        listed = listing()
        there = [c for c in listed if not c.only_stored]
        mine, broken = readable(deployed(reader, there, pipeline), there, pipeline)
        containers = tuple(map(_container, mine))
        faults = find_faults(reader, containers)
        if not any(f.passing for f in faults.values()) or time.monotonic() > end:
            break
        time.sleep(_SETTLING_PAUSE)  # Podman writes it down when it gets to it
    taken = frozenset(b for f in faults.values() for b in f.taken)
    judged = tuple(_with_fault(c, faults.get(c.id)) for c in containers)
    return _Seen(listed, judged, taken, tuple(broken))


def _with_fault(container: Container, fault: Fault | None) -> Container:
    """The container as it is; one whose process has ended is none that runs or stops."""
    if fault is None:
        return container
    state = "exited" if fault.ended else container.state
    return replace(container, fault=fault.said, lost=fault.lost, state=state)


def events_of(
    reader: PodmanReader, pipeline: str, *, since: str | None = None, follow: bool = False
) -> Iterator[ContainerEvent]:
    """What happened to containers that a deploy of the pipeline made; see `PodmanReader.events`."""
    # Podman 4.3 finds no image by two labels, and takes two labels of events as alternatives.
    committed = {
        (name.removeprefix("sha256:"), image.labels.get(labels.CONFIG, ""))
        for image in reader.images([labels.CONFIG])
        for name in (image.id, *image.names)
    }
    for event in reader.events([f"{labels.PIPELINE}={pipeline}"], since=since, follow=follow):
        has = event.attributes
        config = has.get(labels.CONFIG)
        if config and (has.get("image", "").removeprefix("sha256:"), config) not in committed:
            yield event


def _container(found: ListedContainer) -> Container:
    service, number = labels.role_of(found.labels)
    return Container(
        id=found.id,
        name=found.name,
        service=service,
        number=number,
        state=found.status,
        labels=found.labels,
        image_id=found.image_id,
        exit_code=found.exit_code,
        bindings=bindings_of(found),
        pid=found.pid,
        created=found.created,
    )


def _image(found: InspectedImage | None) -> ImageFacts | None:
    if found is None:
        return None
    asked = found.labels.get("io.containers.capabilities", "")
    return ImageFacts(found.id, tuple(c for c in asked.split(",") if c))
