"""Data folders that only one container may write at a time (pure).

Database servers lock their data folder by a file with their process id, which means nothing in
another container: a second server takes the folder for one whose server died, recovers it and
writes as well. Both acknowledge writes, and each overwrites the other's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from pipeline.lean_dataclasses import dataclass
from pipeline.spec.model import Mount, Pipeline, Service

_SERVERS = frozenset(
    (
        *("postgres", "postgresql", "postgis", "timescaledb", "pgvector"),
        *("mysql", "mariadb", "percona", "mongo", "mongodb", "redis", "valkey", "keydb"),
        *("clickhouse", "cassandra", "couchdb", "elasticsearch", "opensearch", "influxdb"),
        *("neo4j", "rabbitmq", "etcd"),
    )
)
"""Last parts of the names under which database servers are published, without tag and suffix."""
_FOLDERS = (
    *("/var/lib/postgresql", "/var/lib/mysql", "/var/lib/mongodb", "/data/db", "/var/lib/redis"),
    *("/var/lib/clickhouse", "/var/lib/cassandra", "/var/lib/influxdb", "/var/lib/rabbitmq"),
    *("/opt/couchdb/data", "/usr/share/elasticsearch/data", "/usr/share/opensearch/data"),
)
"""Where their images keep data (the VOLUME of their Containerfiles)."""


@dataclass(frozen=True)
class VolumeWriter:
    """A service that writes to something that only one container may write.

    Attributes:
        index: of the mount among the service's.
        why: what makes it exclusive, to follow "because".
    """

    service: Service
    index: int
    why: str

    @property
    def mount(self) -> Mount:
        """What it writes to."""
        return self.service.mounts[self.index]


def exclusive_writers(
    pipeline: Pipeline, services: Sequence[Service]
) -> dict[tuple[str, str], list[VolumeWriter]]:
    """Who writes to each exclusive volume or host folder, by kind and source.

    Args:
        pipeline: whose volumes say `exclusive`.
        services: of the pipeline, as they shall run.
    """
    found: dict[tuple[str, str], list[VolumeWriter]] = {}
    for kind, source in dict.fromkeys(_sources(services)):
        users = [
            (service, index)
            for service in services
            for index, mount in enumerate(service.mounts)
            if (mount.kind, mount.source) == (kind, source) and not mount.read_only
        ]
        if why := _why(pipeline, kind, source, users):
            found[kind, source] = [VolumeWriter(service, index, why) for service, index in users]
    return found


def writes_alone(pipeline: Pipeline, service: Service) -> bool:
    """Whether a service writes to something exclusive: two of its containers never run at once."""
    everybody = exclusive_writers(pipeline, tuple(pipeline.services.values()))
    return any(w.service.name == service.name for users in everybody.values() for w in users)


def _sources(services: Sequence[Service]) -> Iterator[tuple[str, str]]:
    for service in services:
        for mount in service.mounts:
            if mount.source is not None and not mount.read_only:
                yield mount.kind, mount.source


def _why(pipeline: Pipeline, kind: str, source: str, users: Sequence[tuple[Service, int]]) -> str:
    volume = pipeline.volumes.get(source) if kind == "volume" else None
    if volume is not None and volume.exclusive is not None:
        return "the spec says `exclusive`" if volume.exclusive else ""
    for service, index in users:
        if server := database_server(service, service.mounts[index].target):
            return f"{server} keeps its data there"
    return ""


def database_server(service: Service, target: str = "/") -> str:
    """The database server that a service is by its name, or by keeping its data at `target`."""
    base = service.image.rpartition("/")[2].partition("@")[0].partition(":")[0]
    if base in _SERVERS:
        return base
    inside = {target, *map(str, PurePosixPath(target).parents)}
    return next(("a database server" for folder in _FOLDERS if folder in inside), "")
