"""Data and versions: mounts that hide each other, databases with two writers, unsorted versions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import PurePosixPath

from pipeline.spec.exclusive import exclusive_writers
from pipeline.spec.model import Pipeline, Service
from pipeline.spec.problem import Problem
from pipeline.spec.read_context import ReadContext
from pipeline.spec.versions import has_number, order_key

DATABASE_SUFFIXES = frozenset({".db", ".db3", ".sqlite", ".sqlite3"})


def data_problems(pipeline: Pipeline, scope: ReadContext) -> Iterator[Problem]:
    """Mounts, databases and the order of versions."""
    for service in pipeline.services.values():
        yield from _same_targets(service, scope)
        yield from _never_healthy(service, pipeline, scope)
    yield from _two_writers(pipeline, scope)
    yield from _shared_databases(pipeline, scope)
    yield from _unsorted(pipeline)


def _same_targets(service: Service, scope: ReadContext) -> Iterator[Problem]:
    seen: set[str] = set()
    for index, mount in enumerate(service.mounts):
        if mount.target in seen:
            path = scope.place(("services", service.name, "volumes", index))
            message = f"two mounts at {mount.target}: one would hide the other"
            yield Problem("CAP114", path, message)
        seen.add(mount.target)


def _never_healthy(service: Service, pipeline: Pipeline, scope: ReadContext) -> Iterator[Problem]:
    for index, dependency in enumerate(service.depends_on):
        other = pipeline.services.get(dependency.service)
        if dependency.condition == "service_healthy" and other and other.healthcheck is None:
            path = scope.place(("services", service.name, "depends_on", index))
            message = f"the service {other.name} has no healthcheck to wait for"
            yield Problem("CAP115", path, message, "give it one", on_key=True)


def _two_writers(pipeline: Pipeline, scope: ReadContext) -> Iterator[Problem]:
    for users in exclusive_writers(pipeline, tuple(pipeline.services.values())).values():
        hint = "let one container write; others may have it with `:ro`"
        if users[0].mount.kind == "volume":
            hint += ", or set `exclusive = false` for the volume"
        for number, one in enumerate(users):
            place = ("services", one.service.name, "volumes", one.index)
            what = f"only one container may write to `{one.mount.source}`, because {one.why}"
            if one.service.replicas > 1:
                message = f"{what}; the service {one.service.name} has {one.service.replicas}"
                yield Problem("CAP127", scope.place(place), message, hint)
            if number and one.service.name != users[0].service.name:
                message = f"{what}; the service {users[0].service.name} does already"
                yield Problem("CAP127", scope.place(place), message, hint)


def _shared_databases(pipeline: Pipeline, scope: ReadContext) -> Iterator[Problem]:
    writers: dict[str, list[tuple[Service, int]]] = defaultdict(list)
    for service in pipeline.services.values():
        for index, mount in enumerate(service.mounts):
            if mount.kind == "volume" and not mount.read_only and mount.source is not None:
                writers[mount.source].append((service, index))
    for volume, users in writers.items():
        names = list(dict.fromkeys(service.name for service, _ in users))
        database = next((d for s, i in users for d in _databases(s, s.mounts[i].target)), None)
        if len(names) > 1 and database is not None:
            service, index = next(user for user in users if user[0].name == names[1])
            message = (
                f"the services {' and '.join(names)} write to the volume `{volume}`, "
                f"which holds the database {database}"
            )
            yield Problem(
                "CAP120",
                scope.place(("services", service.name, "volumes", index)),
                message,
                "let one service write; give the others `:ro`",
            )


def _databases(service: Service, target: str) -> Iterator[str]:
    """The file databases below `target` that a service's environment and command name."""
    words = [*service.environment.values(), *(service.command or ()), *(service.entrypoint or ())]
    for word in words:
        written = word.rpartition("://")[2].rpartition("=")[2]
        path = PurePosixPath("/", written.lstrip("/")) if "/" in written else PurePosixPath(written)
        if path.suffix in DATABASE_SUFFIXES and target in map(str, path.parents):
            yield path.name


def _unsorted(pipeline: Pipeline) -> Iterator[Problem]:
    for image in pipeline.images.values():
        if len(image.versions) < 2:
            continue
        before = ""
        for name in image.versions:
            path = ("images", image.name, "versions", name)
            if not has_number(name):
                message = f"the version {name} has no number: which one is the newest is a guess"
                hint = "start it with a number; numbers sort as numbers (1.9 before 1.10)"
                yield Problem("CAP130", path, message, hint, on_key=True)
            elif before and order_key(name) == order_key(before):
                message = f"the versions {before} and {name} are equal in order"
                yield Problem("CAP130", path, message, "keep one of them", on_key=True)
            before = name
