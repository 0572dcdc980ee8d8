"""A pipeline as Quadlet units, for Podman under systemd (podman-systemd.unit(5)) (pure)."""

from __future__ import annotations

import shlex
from collections.abc import Iterable

from pipeline.export.exported import (
    Exported,
    check_version,
    image_reference,
    left_out,
    probe_command,
    probe_note,
)
from pipeline.spec.model import Mount, Pipeline, Service
from pipeline.spec.quantities import decimal, whole_seconds

Lines = list[tuple[str, str]]


def export_quadlet(pipeline: Pipeline, version: str | None = None) -> Exported:
    """A `.container` for each replica, a `.volume` for each volume, a `.network` for each network.

    Raises:
        UsageError: no service has this version.
    """
    check_version(pipeline, version)
    files: dict[str, str] = {}
    notes: list[str] = []
    networks = {n for s in pipeline.services.values() for n in s.networks or ("default",)}
    for name in sorted(networks):
        internal = name in pipeline.networks and pipeline.networks[name].internal
        body: Lines = [("Internal", "true")] if internal else []
        files[f"{pipeline.name}-{name}.network"] = _unit([("Network", body)])
    for volume in pipeline.volumes.values():
        if not volume.external:
            body = [("VolumeName", volume.engine_name)]
            files[f"{pipeline.name}-{volume.name}.volume"] = _unit([("Volume", body)])
    for service in pipeline.services.values():
        notes += [note for note in (probe_note(service), *left_out(service)) if note]
        if service.profiles:
            notes.append(f"{service.name}: it starts with the rest, systemd knows no `profiles`")
        for number in range(1, service.replicas + 1):
            name = f"{pipeline.name}-{service.name}-{number}"
            files[f"{name}.container"] = _container(pipeline, service, version, number)
    return Exported(files, tuple(notes))


def _container(pipeline: Pipeline, service: Service, version: str | None, number: int) -> str:
    name = f"{pipeline.name}-{service.name}-{number}"
    wanted = [
        f"{pipeline.name}-{d.service}-{n}.service"
        for d in service.depends_on
        for n in range(1, pipeline.services[d.service].replicas + 1)
    ]
    unit: Lines = [("Description", name)]
    if wanted:
        unit += [("Requires", " ".join(wanted)), ("After", " ".join(wanted))]
    body: Lines = [
        ("ContainerName", name),
        ("Image", image_reference(pipeline, service, version)),
        ("DropCapability", "all"),
        ("NoNewPrivileges", "true"),
    ]
    body += [("AddCapability", name) for name in service.cap_add]
    if service.entrypoint:
        body.append(("Entrypoint", _json(service.entrypoint)))
    if service.command:
        body.append(("Exec", " ".join(_quoted(word) for word in service.command)))
    body += [("Environment", _quoted(f"{k}={v}")) for k, v in service.environment.items()]
    body += [("Label", _quoted(f"{k}={v}")) for k, v in service.labels.items()]
    for network in service.networks or ("default",):
        body.append(("Network", f"{pipeline.name}-{network}.network"))
    for port in service.ports:
        address = f"[{port.address}]" if ":" in port.address else port.address
        published = "" if port.published is None else str(port.published + number - 1)
        suffix = "/udp" if port.protocol == "udp" else ""
        body.append(("PublishPort", f"{address}:{published}:{port.target}{suffix}"))
    body += [_mount(pipeline, mount) for mount in service.mounts]
    if service.user:
        body.append(("User", service.user))
    if service.read_only:
        body.append(("ReadOnly", "true"))
    body += _health(service)
    body += [("PodmanArgs", argument) for argument in _arguments(service)]
    restart = {"unless-stopped": "always"}.get(service.restart, service.restart)
    stop = service.stop_grace_period
    return _unit(
        [
            ("Unit", unit),
            # Quadlet makes one ExecStart of these, where systemd expands `$`.
            ("Container", [(key, value.replace("$", "$$")) for key, value in body]),
            ("Service", [("Restart", restart), ("TimeoutStopSec", decimal(stop + 10))]),
            ("Install", [("WantedBy", "default.target")]),
        ]
    )


def _health(service: Service) -> Lines:
    check = service.healthcheck
    if check is None:
        return []
    return [
        ("HealthCmd", shlex.join(probe_command(check))),
        ("HealthInterval", f"{decimal(check.interval)}s"),
        ("HealthTimeout", f"{decimal(check.timeout)}s"),
        ("HealthStartPeriod", f"{decimal(check.start_period)}s"),
        ("HealthRetries", str(check.retries)),
    ]


def _arguments(service: Service) -> Iterable[str]:
    # Other services know this one by its name, not by its containers'.
    yield f"--network-alias={service.name}"
    if service.pull_policy != "missing":
        yield f"--pull={service.pull_policy}"
    limits = service.resources
    if limits.memory is not None:
        yield f"--memory={limits.memory}"
    if limits.cpus is not None:
        yield f"--cpus={decimal(limits.cpus)}"
    if limits.pids is not None:
        yield f"--pids-limit={limits.pids}"
    if service.stop_signal is not None:
        yield f"--stop-signal={service.stop_signal}"
    yield f"--stop-timeout={whole_seconds(service.stop_grace_period)}"


def _mount(pipeline: Pipeline, mount: Mount) -> tuple[str, str]:
    options = ":ro" if mount.read_only else ""
    if mount.kind == "tmpfs":
        return "Tmpfs", mount.target if mount.size is None else f"{mount.target}:size={mount.size}"
    if mount.kind == "bind":
        return "Volume", f"{mount.source}:{mount.target}{options}"
    volume = pipeline.volumes[mount.source or ""]
    source = volume.engine_name if volume.external else f"{pipeline.name}-{volume.name}.volume"
    return "Volume", f"{source}:{mount.target}{options}"


def _unit(sections: Iterable[tuple[str, Lines]]) -> str:
    return "\n".join(
        f"[{title}]\n" + "".join(f"{key}={_escaped(value)}\n" for key, value in lines)
        for title, lines in sections
    )


def _quoted(word: str) -> str:
    """A word of a systemd command line or assignment (systemd.syntax(7))."""
    plain = word.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{plain}"'


def _json(words: Iterable[str]) -> str:
    return "[" + ",".join(_quoted(word) for word in words) + "]"


def _escaped(value: str) -> str:
    return value.replace("%", "%%")
