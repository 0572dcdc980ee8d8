"""A pipeline as a Compose file (compose-spec/spec.md) (pure)."""

from __future__ import annotations

from typing import Any

import yaml

from pipeline.export.exported import (
    Exported,
    check_version,
    image_reference,
    left_out,
    probe_command,
    probe_note,
)
from pipeline.spec.model import Mount, Pipeline, Port, Service


def export_compose(pipeline: Pipeline, version: str | None = None) -> Exported:
    """`compose.yaml` with every service of the pipeline.

    Raises:
        UsageError: no service has this version.
    """
    check_version(pipeline, version)
    notes: list[str] = []
    services = {}
    for service in pipeline.services.values():
        services[service.name] = _service(pipeline, service, version)
        notes += [note for note in (probe_note(service), *left_out(service)) if note]
    document: dict[str, Any] = {"name": pipeline.name, "services": services}
    if pipeline.volumes:
        document["volumes"] = {
            v.name: {"external": True, "name": v.engine_name}
            if v.external
            else {"name": v.engine_name}
            for v in pipeline.volumes.values()
        }
    if pipeline.networks:
        document["networks"] = {
            n.name: {"name": n.engine_name, **({"internal": True} if n.internal else {})}
            for n in pipeline.networks.values()
        }
    text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=100)
    return Exported({"compose.yaml": text}, tuple(notes))


def _service(pipeline: Pipeline, service: Service, version: str | None) -> dict[str, Any]:
    limits = {
        "memory": service.resources.memory and str(service.resources.memory),
        "cpus": service.resources.cpus and f"{service.resources.cpus:g}",
        "pids": service.resources.pids,
    }
    deploy: dict[str, Any] = {"replicas": service.replicas}
    if given := {name: value for name, value in limits.items() if value}:
        deploy["resources"] = {"limits": given}
    body: dict[str, Any] = {
        "image": image_reference(pipeline, service, version),
        "entrypoint": service.entrypoint and [_literal(word) for word in service.entrypoint],
        "command": service.command and [_literal(word) for word in service.command],
        "environment": {k: _literal(v) for k, v in service.environment.items()},
        "ports": [_port(port, service.replicas) for port in service.ports],
        "volumes": [_mount(mount) for mount in service.mounts if mount.kind != "tmpfs"],
        "tmpfs": [_tmpfs(mount) for mount in service.mounts if mount.kind == "tmpfs"],
        "networks": list(service.networks),
        "depends_on": {d.service: {"condition": d.condition} for d in service.depends_on},
        "healthcheck": _healthcheck(service),
        "restart": None if service.restart == "no" else service.restart,
        "stop_signal": service.stop_signal,
        "stop_grace_period": f"{service.stop_grace_period:g}s",
        "user": service.user,
        "read_only": service.read_only,
        "cap_drop": ["ALL"],
        "cap_add": list(service.cap_add),
        "security_opt": ["no-new-privileges:true"],
        "profiles": list(service.profiles),
        "pull_policy": None if service.pull_policy == "missing" else service.pull_policy,
        "labels": {k: _literal(v) for k, v in service.labels.items()},
        "deploy": deploy,
    }
    return {key: value for key, value in body.items() if value}


def _healthcheck(service: Service) -> dict[str, Any] | None:
    check = service.healthcheck
    if check is None:
        return None
    return {
        "test": ["CMD", *(_literal(word) for word in probe_command(check))],
        "interval": f"{check.interval:g}s",
        "timeout": f"{check.timeout:g}s",
        "start_period": f"{check.start_period:g}s",
        "retries": check.retries,
    }


def _port(port: Port, replicas: int) -> str:
    suffix = "/udp" if port.protocol == "udp" else ""
    address = f"[{port.address}]" if ":" in port.address else port.address
    if port.published is None:
        return f"{address}::{port.target}{suffix}"
    last = port.published + replicas - 1
    published = str(port.published) if replicas <= 1 else f"{port.published}-{last}"
    return f"{address}:{published}:{port.target}{suffix}"


def _mount(mount: Mount) -> dict[str, Any]:
    body: dict[str, Any] = {"type": mount.kind, "source": mount.source, "target": mount.target}
    return {**body, "read_only": True} if mount.read_only else body


def _tmpfs(mount: Mount) -> str:
    return mount.target if mount.size is None else f"{mount.target}:size={mount.size}"


def _literal(text: str) -> str:
    return text.replace("$", "$$")
