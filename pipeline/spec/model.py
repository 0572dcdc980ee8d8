"""What a spec says, as values: checked, with defaults filled in, variables and paths resolved.

Sizes are bytes, times are seconds, paths are absolute. Words are Compose's where it has one.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pipeline.lean_dataclasses import dataclass, field
from pipeline.spec.budgets import Budgets

if TYPE_CHECKING:
    from pipeline.spec.experiments import OwnExperiment

PullPolicy = Literal["missing", "always", "never"]
Restart = Literal["no", "on-failure", "always", "unless-stopped"]
Condition = Literal["service_started", "service_healthy", "service_completed_successfully"]

REGISTRY = "localhost"
"""Where images built here live: Buildah's own name for an image that was never pushed."""
DEFAULT_NETWORK = "default"
"""The network that every pipeline has without describing it."""
ROOTFS_TAR = "rootfs.tar"
"""Where in the build context `ADD rootfs.tar /` finds a prepared root file system."""


@dataclass(frozen=True)
class Rootfs:
    """A root file system made from a distribution's packages, for a `FROM scratch` image.

    It needs no registry, no root and no user namespace: apt resolves and downloads, and the
    packages' files become one tar that the Containerfile adds.

    Attributes:
        suite: the distribution's release by its code name, such as `bookworm`.
        packages: what is wanted, in apt's words (`name` or `name=version`); what they depend on
            comes along, what they only recommend does not.
        exclude: glob patterns of paths that are left out, without a leading slash.
    """

    suite: str
    packages: tuple[str, ...]
    exclude: tuple[str, ...] = ()


@dataclass(frozen=True)
class Version:
    """One version of an image: what `buildah build` is told.

    Attributes:
        context: the folder that COPY and ADD read from.
        containerfile: the Containerfile, inside or beside the context.
        target: the stage to stop at, or None for the last one.
        keep_modes: keep the files' modes as they lie on disk instead of git's 644 and 755.
        rootfs: packages of which `rootfs.tar` is made in the context before the build.
        allow_outside_project: the context may lie outside the project folder.
    """

    image: str
    name: str
    context: Path
    containerfile: Path
    args: Mapping[str, str] = field(default_factory=dict)
    target: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    pull: PullPolicy = "missing"
    keep_modes: bool = False
    rootfs: Rootfs | None = None
    allow_outside_project: bool = False

    @property
    def reference(self) -> str:
        """`localhost/image:version`."""
        return f"{REGISTRY}/{self.image}:{self.name}"

    @property
    def short(self) -> str:
        """`image:version`, as people say it."""
        return f"{self.image}:{self.name}"


@dataclass(frozen=True)
class Image:
    """An image that this spec builds; its versions stand oldest first."""

    name: str
    versions: Mapping[str, Version]

    @property
    def newest(self) -> Version:
        """The version that sorts last."""
        return list(self.versions.values())[-1]


@dataclass(frozen=True)
class Port:
    """A published port.

    Attributes:
        target: the port that the container listens on.
        published: the first replica's port on the host, or None for any free one.
        address: the host address to bind.
        strict: fail when the port is held, instead of taking the next free one.
    """

    target: int
    published: int | None = None
    address: str = "127.0.0.1"
    protocol: Literal["tcp", "udp"] = "tcp"
    strict: bool = False

    def of_replica(self, number: int) -> int | None:
        """Replica `number`'s port on the host, counted from 1; None for any free one."""
        return None if self.published is None else self.published + number - 1


@dataclass(frozen=True)
class Mount:
    """Something mounted into each replica.

    Attributes:
        kind: `volume` (a named volume), `bind` (a host path) or `tmpfs`.
        source: the volume's key in the spec, the absolute host path, or None for tmpfs.
        target: the absolute path in the container.
        size: of a tmpfs, in bytes; None for the engine's default.
        allow_outside_project: a bind mount's source may lie outside the project folder.
    """

    kind: Literal["volume", "bind", "tmpfs"]
    source: str | None
    target: str
    read_only: bool = False
    size: int | None = None
    allow_outside_project: bool = False


@dataclass(frozen=True)
class Healthcheck:
    """How to know that a replica serves. Exactly one of `http`, `tcp`, `test` is set.

    Attributes:
        http: `:5000/healthz`: a port and a path asked over HTTP; 2xx and 3xx are healthy.
        tcp: a port that must accept a connection.
        test: a command run inside the container; exit code 0 is healthy.
        interval: seconds between two probes.
        timeout: seconds that one probe may take.
        start_period: seconds after the start in which failures do not count.
        retries: failures in a row that make it unhealthy.
    """

    http: str | None = None
    tcp: int | None = None
    test: tuple[str, ...] | None = None
    interval: float = 1.0
    timeout: float = 3.0
    start_period: float = 0.0
    retries: int = 10


@dataclass(frozen=True)
class Resources:
    """Limits of each replica; None is no limit.

    Attributes:
        memory: bytes.
        cpus: processors, a fraction allowed.
        pids: processes and threads.
        optional: go on without a limit that this host cannot enforce.
    """

    memory: int | None = None
    cpus: float | None = None
    pids: int | None = None
    optional: bool = False


@dataclass(frozen=True)
class Dependency:
    """Another service that must be there first."""

    service: str
    condition: Condition = "service_started"


@dataclass(frozen=True)
class SecretMount:
    """A secret given to a service, as a file under /run/secrets or as an environment variable.

    Attributes:
        visible: go on where the engine shows such a variable in `podman inspect`.
    """

    source: str
    target: str
    kind: Literal["mount", "env"] = "mount"
    visible: bool = False


@dataclass(frozen=True)
class Ingress:
    """An ingress in front of a service's replicas.

    Attributes:
        port: the ingress's port on the host.
        target: the replicas' container port.
        image: the proxy's image: a reference, or a `image:version` that this spec builds.
    """

    port: int
    target: int
    image: str
    address: str = "127.0.0.1"


@dataclass(frozen=True)
class Service:
    """A named group of equal replicas.

    Attributes:
        image: the key of an image of this spec, or a full reference.
        version: the version pinned by the spec; None for the newest (or `--version`).
        built_here: whether `image` is a key of this spec's images.
        environment: merged already: `env_file` first, then `environment`.
        networks: keys of `Pipeline.networks`, or `default`, which need not be described; empty
            when the spec names none.
        pull_policy: of an image that is not built here.
        stop_grace_period: seconds between the stop signal and SIGKILL.
    """

    name: str
    image: str
    built_here: bool
    version: str | None = None
    replicas: int = 1
    command: tuple[str, ...] | None = None
    entrypoint: tuple[str, ...] | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    ports: tuple[Port, ...] = ()
    mounts: tuple[Mount, ...] = ()
    networks: tuple[str, ...] = ()
    depends_on: tuple[Dependency, ...] = ()
    healthcheck: Healthcheck | None = None
    resources: Resources = field(default_factory=Resources)
    restart: Restart = "no"
    stop_signal: str | None = None
    stop_grace_period: float = 10.0
    user: str | None = None
    read_only: bool = False
    cap_add: tuple[str, ...] = ()
    secrets: tuple[SecretMount, ...] = ()
    profiles: tuple[str, ...] = ()
    pull_policy: PullPolicy = "missing"
    labels: Mapping[str, str] = field(default_factory=dict)
    ingress: Ingress | None = None


@dataclass(frozen=True)
class Volume:
    """A named volume.

    Attributes:
        engine_name: the volume's name in Podman: `<pipeline>_<name>` unless the spec says it.
        external: it must exist already and is never made by us.
        backup_before_upgrade: export it before a deploy changes the version of a service on it.
        exclusive: only one container may write to it at a time; None is yes for the data of a
            database server that is known, else no.
    """

    name: str
    engine_name: str
    external: bool = False
    labels: Mapping[str, str] = field(default_factory=dict)
    backup_before_upgrade: bool = False
    exclusive: bool | None = None


@dataclass(frozen=True)
class Network:
    """A private network; `internal` ones have no way out either."""

    name: str
    engine_name: str
    internal: bool = False
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Secret:
    """A secret's source. The value itself is read when it is needed and kept nowhere.

    Attributes:
        file: that holds it.
        environment: the variable that holds it.
        dotenv: the project's `.env`, when the variable stands there and not in the environment.
        allow_outside_project: its file may lie outside the project folder.
    """

    name: str
    engine_name: str
    file: Path | None = None
    environment: str | None = None
    dotenv: Path | None = None
    allow_outside_project: bool = False


@dataclass(frozen=True)
class Pipeline:
    """One spec: one namespace of containers, volumes and networks.

    Attributes:
        path: the spec's file.
        root: the project folder: contexts and bind mounts stay inside it.
        lint: levels of rules by rule id, from `[x-lint]`.
        experiments: of `[[verify]]`.
    """

    name: str
    path: Path
    root: Path
    images: Mapping[str, Image] = field(default_factory=dict)
    services: Mapping[str, Service] = field(default_factory=dict)
    volumes: Mapping[str, Volume] = field(default_factory=dict)
    networks: Mapping[str, Network] = field(default_factory=dict)
    secrets: Mapping[str, Secret] = field(default_factory=dict)
    lint: Mapping[str, str] = field(default_factory=dict)
    budgets: Budgets = field(default_factory=Budgets)
    experiments: tuple[OwnExperiment, ...] = ()

    @property
    def versions(self) -> tuple[Version, ...]:
        """Every version of every image, in the spec's order of images, oldest first."""
        return tuple(v for image in self.images.values() for v in image.versions.values())

    @property
    def lock_path(self) -> Path:
        """The release lock beside the spec."""
        return self.path.with_suffix(".lock")
