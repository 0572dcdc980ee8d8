"""What runs, as a value: one row per container, each asked for its health now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from pipeline.deploy.apply.health import examine_container
from pipeline.deploy.model.desired import depended_on
from pipeline.deploy.model.exit_status import ENDED, describe_exit
from pipeline.deploy.model.ports import Binding
from pipeline.deploy.observe.snapshot import Container, containers_of
from pipeline.deploy.plan.ingress import ingress_check
from pipeline.engine.podman_writer import PodmanWriter
from pipeline.engine.remote_host import HERE, ContainerHost, container_host_of
from pipeline.engine.thread_pool import workers
from pipeline.lean_dataclasses import dataclass
from pipeline.output.document import Bullets, Cell, Mark, Part, Report, Table, Tone
from pipeline.spec.model import Healthcheck, Pipeline

Health = Literal["healthy", "unhealthy", "unchecked", "done", "not running"]
_TONES: Mapping[Health, Tone] = {
    "healthy": "good", "unhealthy": "bad", "unchecked": "plain", "done": "good",
    "not running": "warning",
}  # fmt: skip
_CONNECTIONS = 8


@dataclass(frozen=True)
class StatusRow:
    """One container.

    Attributes:
        health: `done` is a job that ended with 0.
        said: the probe's answer, how the container ended, or why it cannot be reached.
        machine: that it is on.
    """

    container: Container
    health: Health
    said: str = ""
    machine: ContainerHost = HERE

    @property
    def urls(self) -> tuple[str, ...]:
        """Where a browser finds its published ports."""
        return tuple(b.url_at(self._at) for b in self.container.bindings if b.has_url)

    @property
    def ports(self) -> tuple[str, ...]:
        """Its published ports in words: URLs, and what a browser cannot open."""
        return tuple(b.shown_at(self._at) for b in self.container.bindings)

    @property
    def _at(self) -> str:
        return self.machine.name or "127.0.0.1"


def status_of(uri: str, pipeline: Pipeline, *, probe: bool = True) -> tuple[StatusRow, ...]:
    """A row for each container of the pipeline, by service and replica.

    Args:
        probe: ask each running container for its health; else only its state is known.
    """
    with PodmanWriter(uri) as writer:
        found = sorted(
            containers_of(writer, pipeline.name), key=lambda c: (c.service, c.number, c.name)
        )
    if not found:
        return ()
    jobs = depended_on(pipeline.services.values(), "service_completed_successfully")

    def row(container: Container) -> StatusRow:
        check = _check(pipeline, container)
        is_job = container.service in jobs and not container.is_ingress
        health, said = _health(uri, container, check, probe=probe, is_job=is_job)
        return StatusRow(container, health, said, container_host_of(uri))

    with workers(min(_CONNECTIONS, len(found))) as pool:
        return tuple(pool.map(row, found))


def present_status(pipeline: Pipeline, rows: Sequence[StatusRow]) -> Report:
    """The rows for people and, as data, for machines."""
    columns = ("container", "version", "state", "health", "url")
    table = Table(columns, tuple(_cells(row) for row in rows))
    return Report(
        pipeline.name,
        _lead(rows),
        _parts(table, rows),
        {"pipeline": pipeline.name, "containers": [_data(row) for row in rows]},
    )


def _lead(rows: Sequence[StatusRow]) -> str:
    """How many run of those that should: a job that is done should not."""
    if not rows:
        return "Nothing is deployed."
    running = sum(row.container.running for row in rows)
    done = sum(row.health == "done" for row in rows)
    where = f" on {rows[0].machine.name}" if rows[0].machine.name else ""
    jobs = f"{done} job{'s are' if done > 1 else ' is'} done"
    if done == len(rows):
        return f"{jobs}{where}."
    run = f"{running} of {len(rows) - done} containers run{where}"
    return f"{run}; {jobs}." if done else f"{run}."


def _health(
    uri: str, container: Container, check: Healthcheck | None, *, probe: bool, is_job: bool
) -> tuple[Health, str]:
    if container.fault:
        return "unhealthy" if container.running else "not running", container.fault
    if container.state in ENDED and container.exit_code:
        with PodmanWriter(uri) as writer:
            found = writer.container(container.id)
        return "not running", describe_exit(found) if found else ""
    if not container.running:
        return "done" if is_job and container.ended_well else "not running", ""
    if check is None or not probe:
        return "unchecked", ""
    with PodmanWriter(uri) as writer:
        verdict = examine_container(writer, writer.container(container.id), check)
    return "healthy" if verdict.healthy else "unhealthy", verdict.said


def _parts(table: Table, rows: Sequence[StatusRow]) -> tuple[Part, ...]:
    ends = tuple(
        f"{row.container.name}: {row.said}"
        for row in rows
        if row.said and (row.container.fault or row.health == "not running")
    )
    if not rows:
        return ()
    told = (*ends, *_way_in(rows))
    return (table, Bullets(told)) if told else (table,)


def _way_in(rows: Sequence[StatusRow]) -> tuple[str, ...]:
    """How a port that only another machine's loopback has is opened on this one."""
    machine = rows[0].machine
    closed = [b for row in rows for b in row.container.bindings if _opens_by_ssh(b)]
    if machine.here or not closed:
        return ()
    first = closed[0]
    way = f"-L {first.host}:{first.address}:{first.host} {machine.login}" if machine.login else ""
    opens = f": `ssh -N {way}` opens {first.url} here" if way else ""
    return (f"{first.address} is {machine.name}'s own{opens}",)


def _opens_by_ssh(binding: Binding) -> bool:
    """Whether it is closed, and ssh(1) can open it: `-L` forwards TCP alone."""
    return binding.on_loopback and bool(binding.host) and binding.has_url


def _check(pipeline: Pipeline, container: Container) -> Healthcheck | None:
    service = pipeline.services.get(container.service)
    if service is None:
        return None
    return ingress_check(service) if container.is_ingress else service.healthcheck


def _cells(row: StatusRow) -> tuple[Cell, ...]:
    container = row.container
    state = container.state
    if state == "exited":
        state = f"exited ({container.exit_code})"
    return (
        container.name,
        container.version or "-",
        state,
        Mark(row.health, _TONES[row.health]),
        " ".join(row.ports) or "-",
    )


def _data(row: StatusRow) -> dict[str, object]:
    container = row.container
    return {
        "service": container.service,
        "replica": None if container.is_ingress else container.number,
        "ingress": container.is_ingress,
        "door": container.is_ingress,  # the former word for one version (decision 0029)
        "version": container.version or None,
        "state": container.state,
        "exit_code": container.exit_code,
        "fault": container.fault or None,
        "health": row.health,
        "probe": row.said or None,
        "urls": list(row.urls),
        "ports": [
            {"address": b.address, "host": b.host, "target": b.target, "protocol": b.protocol}
            for b in container.bindings
        ],
        "machine": row.machine.name or None,
        "container": container.name,
        "id": container.id,
        "image_id": container.image_id,
        "created": container.created,
    }
