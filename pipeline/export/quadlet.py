"""A pipeline as Quadlet units, for Podman under systemd (podman-systemd.unit(5)) (pure)."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping

from pipeline.export.exported import Exported, check_version, image_reference, probe_command
from pipeline.export.notes import common_notes, quadlet_notes
from pipeline.export.unit import (
    UnitLine,
    argv_json,
    command,
    options,
    stand_ins,
    unit,
    verbatim,
    worded,
)
from pipeline.lean_re import lazy_pattern
from pipeline.spec.addresses import before_port
from pipeline.spec.model import DEFAULT_NETWORK, Condition, Mount, Pipeline, Service
from pipeline.spec.quantities import decimal, whole_seconds

_SIMPLE = lazy_pattern(r"[A-Za-z0-9/._@+=~-]+")
"""Paths that a short form `source:target` holds as they are."""
_FIELD = lazy_pattern(r"[!-~]+")
_START_SECONDS = 90
"""systemd's own limit for a start (systemd-system.conf(5), DefaultTimeoutStartSec=)."""


def export_quadlet(pipeline: Pipeline, version: str | None = None) -> Exported:
    """A `.container` for each replica, a `.volume` for each volume, a `.network` for each network.

    Raises:
        UsageError: no service has this version, or a value that no unit can hold.
    """
    check_version(pipeline, version)
    files: dict[str, str] = {}
    notes = list(common_notes(pipeline))
    networks = {n for s in pipeline.services.values() for n in s.networks or (DEFAULT_NETWORK,)}
    for name in sorted(networks):
        files[f"{pipeline.name}-{name}.network"] = unit([("Network", _network(pipeline, name))])
    for volume in pipeline.volumes.values():
        if not volume.external:
            body = [verbatim("VolumeName", volume.engine_name), *_labels(volume.labels)]
            files[f"{pipeline.name}-{volume.name}.volume"] = unit([("Volume", body)])
    for service in pipeline.services.values():
        notes += quadlet_notes(pipeline, service)
        for replica in range(1, service.replicas + 1):
            name = f"{pipeline.name}-{service.name}-{replica}"
            files[f"{name}.container"] = _container(pipeline, service, version, replica)
    return Exported(files, tuple(dict.fromkeys(notes)))


def _network(pipeline: Pipeline, name: str) -> Iterator[UnitLine]:
    network = pipeline.networks.get(name)
    yield verbatim("NetworkName", network.engine_name if network else f"{pipeline.name}_{name}")
    if network is not None:
        if network.internal:
            yield verbatim("Internal", "true")
        yield from _labels(network.labels)


def _labels(labels: Mapping[str, str]) -> Iterator[UnitLine]:
    for name, value in labels.items():
        yield worded("Label", f"{name}={value}")


def _container(pipeline: Pipeline, service: Service, version: str | None, replica: int) -> str:
    name = f"{pipeline.name}-{service.name}-{replica}"
    wanted = [
        f"{pipeline.name}-{d.service}-{n}.service"
        for d in service.depends_on
        for n in range(1, pipeline.services[d.service].replicas + 1)
    ]
    before = [verbatim("Description", name)]
    if wanted:
        before += [verbatim("Requires", " ".join(wanted)), verbatim("After", " ".join(wanted))]
    waited = _waited_for(pipeline, service)
    body = [
        verbatim("ContainerName", name),
        verbatim("Image", image_reference(pipeline, service, version)),
        *_security(service),
        *_process(service),
        *_reached(pipeline, service, replica),
        *(_mount(pipeline, mount) for mount in service.mounts),
        *_health(service),
        *_arguments(service),
    ]
    if waited == "service_healthy":
        body.append(verbatim("Notify", "healthy"))
    return unit(
        [
            ("Unit", before),
            ("Container", body),
            ("Service", _service(service, waited)),
            ("Install", [verbatim("WantedBy", "default.target")]),
        ]
    )


def _waited_for(pipeline: Pipeline, service: Service) -> Condition:
    """The most that another service waits for before it starts: the end, health, or the start."""
    conditions = {
        dependency.condition
        for other in pipeline.services.values()
        for dependency in other.depends_on
        if dependency.service == service.name
    }
    if "service_completed_successfully" in conditions:
        return "service_completed_successfully"
    healthy = "service_healthy" in conditions and service.healthcheck is not None
    return "service_healthy" if healthy else "service_started"


def _security(service: Service) -> Iterator[UnitLine]:
    yield verbatim("DropCapability", "all")
    yield verbatim("NoNewPrivileges", "true")
    for capability in service.cap_add:
        yield verbatim("AddCapability", capability)
    if service.user:
        yield verbatim("User", service.user)
    if service.read_only:
        yield verbatim("ReadOnly", "true")


def _process(service: Service) -> Iterator[UnitLine]:
    if service.entrypoint:
        yield argv_json("Entrypoint", service.entrypoint)
    elif service.entrypoint is not None:
        yield worded("PodmanArgs", "--entrypoint=")
    if service.command:
        yield command("Exec", service.command)
    for name, value in service.environment.items():
        yield worded("Environment", f"{name}={value}")
    yield from _labels(service.labels)


def _reached(pipeline: Pipeline, service: Service, replica: int) -> Iterator[UnitLine]:
    for network in service.networks or (DEFAULT_NETWORK,):
        yield verbatim("Network", f"{pipeline.name}-{network}.network")
    for port in service.ports:
        address = before_port(port.address)
        published = port.of_replica(replica) or ""
        suffix = "/udp" if port.protocol == "udp" else ""
        yield verbatim("PublishPort", f"{address}:{published}:{port.target}{suffix}")


def _mount(pipeline: Pipeline, mount: Mount) -> UnitLine:
    """A mount in its short form where that can hold it, else as podman(1) takes it for --mount."""
    if mount.kind == "tmpfs":
        words = [f"size={mount.size}"] if mount.size is not None else []
        words += ["ro"] if mount.read_only else []
        if _SIMPLE.fullmatch(mount.target):
            return verbatim(
                "Tmpfs", ":".join([mount.target, *([",".join(words)] if words else [])])
            )
        given = {"tmpfs-size": str(mount.size)} if mount.size is not None else {}
        return _long(mount, given)
    source = mount.source or ""
    if mount.kind == "volume":
        volume = pipeline.volumes[source]
        source = volume.engine_name if volume.external else f"{pipeline.name}-{volume.name}.volume"
    if _SIMPLE.fullmatch(source) and _SIMPLE.fullmatch(mount.target):
        return verbatim("Volume", f"{source}:{mount.target}{':ro' if mount.read_only else ''}")
    return _long(mount, {"source": source})


def _long(mount: Mount, given: Mapping[str, str]) -> UnitLine:
    values = {"type": mount.kind, **given, "destination": mount.target}
    if mount.read_only:
        values["ro"] = "true"
    if mount.kind == "volume":  # Quadlet puts the volume's name in place of its unit's
        return worded("Mount", options(values))
    # Not as `Mount=`: Podman 5.4 copies the source into another line of its unit as it stands.
    return worded("PodmanArgs", f"--mount={options(values)}")


def _health(service: Service) -> Iterator[UnitLine]:
    check = service.healthcheck
    if check is None:
        return
    words = probe_command(check)
    if check.test is None and shlex.join(words) == " ".join(words):
        yield verbatim("HealthCmd", " ".join(words))  # an image with wget or nc has a shell, too
    else:
        yield _check_line(words)
    yield verbatim("HealthInterval", f"{decimal(check.interval)}s")
    yield verbatim("HealthTimeout", f"{decimal(check.timeout)}s")
    yield verbatim("HealthStartPeriod", f"{decimal(check.start_period)}s")
    yield verbatim("HealthRetries", str(check.retries))


def _check_line(words: list[str]) -> UnitLine:
    """A check's command in the form in which every Podman runs just these words.

    After `CMD` it takes words between blanks. A list is run as it is, but for one of a single word,
    which a shell gets, and (up to 5.4) one that begins with `CMD`, which is split at its blanks.
    """
    if all(_FIELD.fullmatch(word) for word in words) and not words[-1].endswith("\\"):
        return verbatim("HealthCmd", " ".join(["CMD", *words]))
    if len(words) == 1 or words[0].upper() in ("NONE", "CMD", "CMD-SHELL"):
        words = ["sh", "-c", 'exec "$0" "$@"', *words]
    return argv_json("HealthCmd", words)


def _arguments(service: Service) -> Iterator[UnitLine]:
    # Other services know this one by its name, not by its containers'.
    yield worded("PodmanArgs", f"--network-alias={service.name}")
    if service.pull_policy != "missing":
        yield worded("PodmanArgs", f"--pull={service.pull_policy}")
    limits = service.resources
    if limits.memory is not None:
        yield worded("PodmanArgs", f"--memory={limits.memory}")
    if limits.cpus is not None:
        yield worded("PodmanArgs", f"--cpus={decimal(limits.cpus)}")
    if limits.pids is not None:
        yield worded("PodmanArgs", f"--pids-limit={limits.pids}")
    if service.stop_signal is not None:
        yield worded("PodmanArgs", f"--stop-signal={service.stop_signal}")
    yield worded("PodmanArgs", f"--stop-timeout={whole_seconds(service.stop_grace_period)}")


def _service(service: Service, waited: Condition) -> Iterator[UnitLine]:
    restart = {"unless-stopped": "always"}.get(service.restart, service.restart)
    if waited == "service_completed_successfully":
        yield verbatim("Type", "oneshot")
        yield verbatim("RemainAfterExit", "yes")
        restart = "on-failure" if restart == "always" else restart  # systemd refuses it for a job
    check = service.healthcheck
    if waited == "service_healthy" and check is not None:
        until = check.start_period + check.retries * (check.interval + check.timeout)
        yield verbatim("TimeoutStartSec", str(_START_SECONDS + whole_seconds(until)))
    yield verbatim("Restart", restart)
    yield verbatim("TimeoutStopSec", str(whole_seconds(service.stop_grace_period) + 10))
    yield from stand_ins(service.command or ())
