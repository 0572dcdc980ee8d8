"""Which databases a copy of the services has: by what runs in it and what it keeps."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from pipeline.lean_dataclasses import dataclass
from pipeline.spec.exclusive import database_server
from pipeline.spec.model import Mount, Pipeline, Service
from pipeline.verify.databases import SQLITE_FILES, Database, server_of
from pipeline.verify.throw_away import only_needed
from pipeline.verify.world import World
from pipeline.verify.writing import run


@dataclass(frozen=True)
class Subject:
    """A database of a running copy.

    Attributes:
        place: the file of a database without a server, else "".
    """

    database: Database
    service: Service
    place: str = ""

    @property
    def where(self) -> str:
        """What it is, for a report."""
        return f"{self.place} in {self.service.name}" if self.place else self.service.name


def may_have_one(pipeline: Pipeline) -> bool:
    """Whether a service keeps anything, or is a known server: only then a copy is looked at."""
    return any(
        list(own_mounts(service)) or database_server(service)
        for service in only_needed(pipeline, ()).services.values()
    )


def databases_in(world: World, databases: Collection[Database]) -> Iterator[Subject]:
    """The databases of a copy that runs: a server's process, or a file in a mount of its own."""
    servers = [one for one in databases if one.programs]
    for service in world.pipeline.services.values():
        running = [one.name for one in world.containers(service.name) if one.running]
        if not running:
            continue
        commands = [row["COMMAND"] for row in world.api.processes(running[0])]
        if server := server_of(commands, servers):
            yield Subject(server, service)
        folders = [mount.target for mount in own_mounts(service)]
        for database in databases:
            if folders and not database.programs:
                _code, said = run(world.api, running[0], [*SQLITE_FILES, *folders])
                files = sorted(line for line in said.splitlines() if line.startswith("/"))
                if files:
                    yield Subject(database, service, files[0])


def own_mounts(service: Service) -> Iterator[Mount]:
    """Where a copy of a service may write: not to the user's own files."""
    return (m for m in service.mounts if m.kind in ("volume", "tmpfs") and not m.read_only)
