"""What runs, as a value: one row per container, each asked for its health now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

from pipeline.deploy.door import door_check
from pipeline.deploy.ended import ENDED, how_it_ended
from pipeline.deploy.health import examine_container
from pipeline.deploy.observe import Container, containers_of
from pipeline.engine.podman_writer import Writer
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
        said: the probe's answer, or how the container ended.
        urls: where its published ports are found.
    """

    container: Container
    health: Health
    said: str = ""
    urls: tuple[str, ...] = ()


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
    with ThreadPoolExecutor(min(_CONNECTIONS, len(found))) as pool:
        return tuple(pool.map(lambda c: _row(uri, c, _check(pipeline, c), probe=probe), found))


def present_status(pipeline: Pipeline, rows: Sequence[Row]) -> Report:
    """The rows for people and, as data, for machines."""
    columns = ("container", "version", "state", "health", "url")
    table = Table(columns, tuple(_cells(row) for row in rows))
    running = sum(row.container.running for row in rows)
    return Report(
        pipeline.name,
        f"{running} of {len(rows)} containers run." if rows else "Nothing is deployed.",
        _parts(table, rows),
        {"pipeline": pipeline.name, "containers": [_data(row) for row in rows]},
    )


def _row(uri: str, container: Container, check: Healthcheck | None, *, probe: bool) -> Row:
    urls = tuple(binding.url for binding in container.bindings)
    if container.state in ENDED and container.exit_code:
        with Writer(uri) as writer:
            found = writer.container(container.id)
        return Row(container, "not running", how_it_ended(found) if found else "", urls)
    if not container.running:
        return Row(container, "not running", "", urls)
    if check is None or not probe:
        return Row(container, "unchecked", "", urls)
    with Writer(uri) as writer:
        verdict = examine_container(writer, writer.container(container.id), check)
    return Row(container, "healthy" if verdict.healthy else "unhealthy", verdict.said, urls)


def _parts(table: Table, rows: Sequence[Row]) -> tuple[Part, ...]:
    ends = tuple(
        f"{row.container.name}: {row.said}"
        for row in rows
        if row.said and row.health == "not running"
    )
    if not rows:
        return ()
    return (table, Bullets(ends)) if ends else (table,)


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
        "health": row.health,
        "probe": row.said or None,
        "urls": list(row.urls),
        "container": container.name,
        "id": container.id,
        "image_id": container.image_id,
        "created": container.created,
    }
