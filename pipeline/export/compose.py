"""A pipeline as a Compose file (compose-spec/spec.md) (pure)."""

from __future__ import annotations

from typing import Any

from pipeline.export.exported import Exported, check_version, image_reference, probe_command
from pipeline.export.notes import common_notes, compose_notes
from pipeline.export.yaml_text import yaml_text
from pipeline.spec.addresses import before_port
from pipeline.spec.model import DEFAULT_NETWORK, Mount, Pipeline, Port, Service
from pipeline.spec.quantities import decimal


def export_compose(pipeline: Pipeline, version: str | None = None) -> Exported:
    """`compose.yaml` with every service of the pipeline.

    Raises:
        UsageError: no service has this version.
    """
    check_version(pipeline, version)
    notes = list(common_notes(pipeline))
    services = {}
    for service in pipeline.services.values():
        for first, name in enumerate(_names(pipeline, service)):
            services[name] = _service(pipeline, service, version, first)
        notes += compose_notes(service)
        notes += _note_on_names(pipeline, service)
    document: dict[str, Any] = {"name": pipeline.name, "services": services}
    if pipeline.volumes:
        document["volumes"] = {
            v.name: {"external": True, "name": v.engine_name}
            if v.external
            else _given(name=v.engine_name, labels=dict(v.labels))
            for v in pipeline.volumes.values()
        }
    if pipeline.networks:
        document["networks"] = {
            n.name: _given(name=n.engine_name, internal=n.internal, labels=dict(n.labels))
            for n in pipeline.networks.values()
        }
    return Exported({"compose.yaml": yaml_text([document], _literal)}, tuple(dict.fromkeys(notes)))


def _names(pipeline: Pipeline, service: Service) -> list[str]:
    """What a service is called there: replicas with ports on the host are services of their own.

    Podman refuses a range of host ports for one port of a container (docker-compose:
    `strconv.Atoi: parsing "8080-8081"`; podman-compose: `port ranges have different lengths`).
    """
    names = _own_names(service)
    return names if names and not pipeline.services.keys() & set(names) else [service.name]


def _own_names(service: Service) -> list[str]:
    names = [f"{service.name}-{number}" for number in range(1, service.replicas + 1)]
    apart = len(names) > 1 and any(port.published is not None for port in service.ports)
    return names if apart else []


def _note_on_names(pipeline: Pipeline, service: Service) -> list[str]:
    taken = sorted(pipeline.services.keys() & set(_own_names(service)))
    if not taken:
        return []
    why = f"another service is called {taken[0]}"
    return [f"{service.name}: its replicas share a range of ports, which Podman refuses: {why}"]


def _service(
    pipeline: Pipeline, service: Service, version: str | None, first: int
) -> dict[str, Any]:
    """A service there, of all replicas or of one of them: the one after the `first` ones."""
    apart = _names(pipeline, service) != [service.name]
    replicas = 1 if apart else service.replicas
    limits = {
        "memory": service.resources.memory and str(service.resources.memory),
        "cpus": service.resources.cpus and decimal(service.resources.cpus),
        "pids": service.resources.pids,
    }
    deploy: dict[str, Any] = {} if apart else {"replicas": replicas}
    if given := _given(**limits):
        deploy["resources"] = {"limits": given}
    tmpfs = [_tmpfs(mount) for mount in service.mounts if _is_short(mount)]
    body = _given(
        image=image_reference(pipeline, service, version),
        environment=dict(service.environment),
        ports=[_port(port, first, replicas) for port in service.ports],
        volumes=[_mount(mount) for mount in service.mounts if not _is_short(mount)],
        tmpfs=tmpfs,
        networks=_named_networks(service) if apart else list(service.networks),
        depends_on={
            name: {"condition": dependency.condition}
            for dependency in service.depends_on
            for name in _names(pipeline, pipeline.services[dependency.service])
        },
        healthcheck=_healthcheck(service),
        restart=None if service.restart == "no" else service.restart,
        stop_signal=service.stop_signal,
        stop_grace_period=f"{decimal(service.stop_grace_period)}s",
        user=service.user,
        read_only=service.read_only,
        cap_drop=["ALL"],
        cap_add=list(service.cap_add),
        security_opt=["no-new-privileges:true"],
        profiles=list(service.profiles),
        pull_policy=None if service.pull_policy == "missing" else service.pull_policy,
        labels=dict(service.labels),
        deploy=deploy,
    )
    # Empty ones say something: nothing of the image's own runs.
    words = {"entrypoint": service.entrypoint, "command": service.command}
    return {**body, **{key: list(value) for key, value in words.items() if value is not None}}


def _given(**values: Any) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value}


def _healthcheck(service: Service) -> dict[str, Any] | None:
    check = service.healthcheck
    if check is None:
        return None
    return {
        "test": ["CMD", *probe_command(check)],
        "interval": f"{decimal(check.interval)}s",
        "timeout": f"{decimal(check.timeout)}s",
        "start_period": f"{decimal(check.start_period)}s",
        "retries": check.retries,
    }


def _named_networks(service: Service) -> dict[str, Any]:
    """Its networks, on which each replica also has the name of all."""
    return {name: {"aliases": [service.name]} for name in service.networks or (DEFAULT_NETWORK,)}


def _port(port: Port, first: int, replicas: int) -> str:
    suffix = "/udp" if port.protocol == "udp" else ""
    address = before_port(port.address)
    begin, end = port.of_replica(first + 1), port.of_replica(first + replicas)
    if begin is None:
        return f"{address}::{port.target}{suffix}"
    published = str(begin) if replicas <= 1 else f"{begin}-{end}"
    return f"{address}:{published}:{port.target}{suffix}"


def _is_short(mount: Mount) -> bool:
    """Whether it stands in the list `tmpfs`, where a colon begins the options."""
    return mount.kind == "tmpfs" and ":" not in mount.target


def _tmpfs(mount: Mount) -> str:
    words = [f"size={mount.size}"] if mount.size is not None else []
    words += ["ro"] if mount.read_only else []
    return f"{mount.target}:{','.join(words)}" if words else mount.target


def _mount(mount: Mount) -> dict[str, Any]:
    body: dict[str, Any] = {"type": mount.kind, "target": mount.target}
    if mount.source is not None:
        body = {"type": mount.kind, "source": mount.source, "target": mount.target}
    if mount.size is not None:
        body["tmpfs"] = {"size": mount.size}
    return {**body, "read_only": True} if mount.read_only else body


def _literal(text: str) -> str:
    """A value in which Compose expands nothing."""
    return text.replace("$", "$$")
