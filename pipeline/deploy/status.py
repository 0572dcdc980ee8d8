"""What runs, as a value: one row per container, each asked for its health now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pipeline.deploy.door import door_check
from pipeline.deploy.ended import ENDED, how_it_ended
from pipeline.deploy.health import examine_container
from pipeline.deploy.observe import Container, containers_of
from pipeline.engine.machine import HERE, Machine, machine_of
from pipeline.engine.podman_writer import Writer
from pipeline.engine.workers import workers
from pipeline.report.words import Bullets, Cell, Mark, Part, Report, Table, Tone
from pipeline.spec.model import Healthcheck, Pipeline

Health = Literal["healthy", "unhealthy", "unchecked", "not running"]
_TONES: Mapping[Health, Tone] = {
    "healthy": "good", "unhealthy": "bad", "unchecked": "plain", "not running": "warning",
}  # fmt: skip
_CONNECTIONS = 8


@dataclass(frozen=True)
class Row:
    """One container.

    Attributes:
        said: the probe's answer, how the container ended, or why it cannot be reached.
        urls: where its published ports are found.
        machine: that it is on.
    """

    container: Container
    health: Health
    said: str = ""
    urls: tuple[str, ...] = ()
    machine: Machine = HERE


def status_of(uri: str, pipeline: Pipeline, *, probe: bool = True) -> tuple[Row, ...]:
    """A row for each container of the pipeline, by service and replica.

    Args:
        probe: ask each running container for its health; else only its state is known.
    """
    with Writer(uri) as writer:
        found = sorted(
            containers_of(writer, pipeline.name), key=lambda c: (c.service, c.number, c.name)
        )
    if not found:
        return ()
    with workers(min(_CONNECTIONS, len(found))) as pool:
        return tuple(pool.map(lambda c: _row(uri, c, _check(pipeline, c), probe=probe), found))


def present_status(pipeline: Pipeline, rows: Sequence[Row]) -> Report:
    """The rows for people and, as data, for machines."""
    columns = ("container", "version", "state", "health", "url")
    table = Table(columns, tuple(_cells(row) for row in rows))
    running = sum(row.container.running for row in rows)
    where = f" on {rows[0].machine.name}" if rows and rows[0].machine.name else ""
    return Report(
        pipeline.name,
        f"{running} of {len(rows)} containers run{where}." if rows else "Nothing is deployed.",
        _parts(table, rows),
        {"pipeline": pipeline.name, "containers": [_data(row) for row in rows]},
    )


def _row(uri: str, container: Container, check: Healthcheck | None, *, probe: bool) -> Row:
    health, said = _health(uri, container, check, probe=probe)
    machine = machine_of(uri)
    at = machine.name or "127.0.0.1"
    return Row(container, health, said, tuple(b.url_at(at) for b in container.bindings), machine)


def _health(
    uri: str, container: Container, check: Healthcheck | None, *, probe: bool
) -> tuple[Health, str]:
    if container.fault:
        return "unhealthy" if container.running else "not running", container.fault
    if container.state in ENDED and container.exit_code:
        with Writer(uri) as writer:
            found = writer.container(container.id)
        return "not running", how_it_ended(found) if found else ""
    if not container.running:
        return "not running", ""
    if check is None or not probe:
        return "unchecked", ""
    with Writer(uri) as writer:
        verdict = examine_container(writer, writer.container(container.id), check)
    return "healthy" if verdict.healthy else "unhealthy", verdict.said


def _parts(table: Table, rows: Sequence[Row]) -> tuple[Part, ...]:
    ends = tuple(
        f"{row.container.name}: {row.said}"
        for row in rows
        if row.said and (row.container.fault or row.health == "not running")
    )
    if not rows:
        return ()
    told = (*ends, *_way_in(rows))
    return (table, Bullets(told)) if told else (table,)


def _way_in(rows: Sequence[Row]) -> tuple[str, ...]:
    """How a port that only another machine's loopback has is opened on this one."""
    machine = rows[0].machine
    closed = [b for row in rows for b in row.container.bindings if b.on_loopback and b.host]
    if machine.here or not closed:
        return ()
    first = closed[0]
    way = f"-L {first.host}:{first.address}:{first.host} {machine.login}" if machine.login else ""
    opens = f": `ssh -N {way}` opens {first.url} here" if way else ""
    return (f"{first.address} is {machine.name}'s own{opens}",)


def _check(pipeline: Pipeline, container: Container) -> Healthcheck | None:
    service = pipeline.services.get(container.service)
    if service is None:
        return None
    return door_check(service) if container.is_door else service.healthcheck


def _cells(row: Row) -> tuple[Cell, ...]:
    container = row.container
    state = container.state
    if state == "exited":
        state = f"exited ({container.exit_code})"
    return (
        container.name,
        container.version or "-",
        state,
        Mark(row.health, _TONES[row.health]),
        " ".join(row.urls) or "-",
    )


def _data(row: Row) -> dict[str, object]:
    container = row.container
    return {
        "service": container.service,
        "replica": None if container.is_door else container.number,
        "door": container.is_door,
        "version": container.version or None,
        "state": container.state,
        "exit_code": container.exit_code,
        "fault": container.fault or None,
        "health": row.health,
        "probe": row.said or None,
        "urls": list(row.urls),
        "machine": row.machine.name or None,
        "container": container.name,
        "id": container.id,
        "image_id": container.image_id,
        "created": container.created,
    }
