"""A pipeline as Kubernetes manifests, which `podman kube play` reads too (pure)."""

from __future__ import annotations

from typing import Any

import yaml

from pipeline.export.exported import (
    Exported,
    check_version,
    http_check,
    image_reference,
    left_out,
    probe_command,
)
from pipeline.spec.model import Healthcheck, Mount, Pipeline, Service
from pipeline.spec.quantities import decimal, whole_seconds

_SIZE = "1Gi"
"""What a claim asks for: a spec knows no size of a volume."""

_PULL = {"missing": "IfNotPresent", "always": "Always", "never": "Never"}


def export_kubernetes(pipeline: Pipeline, version: str | None = None) -> Exported:
    """A claim for each volume, a Deployment for each service, a Service for each with ports.

    Raises:
        UsageError: no service has this version.
    """
    check_version(pipeline, version)
    documents: list[dict[str, Any]] = [
        _claim(v.engine_name) for v in pipeline.volumes.values() if not v.external
    ]
    notes: list[str] = []
    if documents:
        notes.append(f"each volume asks for {_SIZE}: a spec knows no size")
    for service in pipeline.services.values():
        documents.append(_deployment(pipeline, service, version))
        if service.ports:
            documents.append(_service(pipeline, service))
        notes += left_out(service)
        notes += _left_out(service)
        if service.depends_on:
            notes.append(
                f"{service.name}: Kubernetes starts it without waiting for its `depends_on`"
            )
        if service.replicas > 1 and any(mount.kind == "volume" for mount in service.mounts):
            notes.append(
                f"{service.name}: its replicas share a ReadWriteOnce volume, so they must run on "
                "one node"
            )
    text = yaml.safe_dump_all(documents, sort_keys=False, allow_unicode=True, width=100)
    return Exported({f"{pipeline.name}.yaml": text}, tuple(notes))


def _claim(name: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": _name(name)},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": _SIZE}},
        },
    }


def _deployment(pipeline: Pipeline, service: Service, version: str | None) -> dict[str, Any]:
    labels = _labels(pipeline, service)
    volumes = [_volume(pipeline, mount, n) for n, mount in enumerate(service.mounts)]
    pod: dict[str, Any] = {
        "containers": [_container(pipeline, service, version)],
        "terminationGracePeriodSeconds": whole_seconds(service.stop_grace_period),
    }
    if volumes:
        pod["volumes"] = volumes
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": _name(f"{pipeline.name}-{service.name}"), "labels": labels},
        "spec": {
            "replicas": service.replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
    }


def _container(pipeline: Pipeline, service: Service, version: str | None) -> dict[str, Any]:
    limits = {
        "memory": None if service.resources.memory is None else str(service.resources.memory),
        "cpu": None if service.resources.cpus is None else decimal(service.resources.cpus),
    }
    security: dict[str, Any] = {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
    }
    if service.cap_add:
        security["capabilities"]["add"] = list(service.cap_add)
    if service.read_only:
        security["readOnlyRootFilesystem"] = True
    if ids := _ids(service):
        security.update(zip(("runAsUser", "runAsGroup"), ids, strict=False))
    probe = _probe(service.healthcheck)
    # No `ports`: to Kubernetes they say nothing, and Podman would publish them to everyone.
    body: dict[str, Any] = {
        "name": _name(service.name),
        "image": image_reference(pipeline, service, version),
        "imagePullPolicy": _PULL[service.pull_policy],
        "command": list(service.entrypoint or ()),
        "args": list(service.command or ()),
        "env": [{"name": k, "value": v} for k, v in service.environment.items()],
        "volumeMounts": [
            {
                "name": f"mount-{number}",
                "mountPath": mount.target,
                **({"readOnly": True} if mount.read_only else {}),
            }
            for number, mount in enumerate(service.mounts)
        ],
        "resources": {"limits": {name: value for name, value in limits.items() if value}},
        "readinessProbe": probe,
        "livenessProbe": probe and dict(probe),
        "securityContext": security,
    }
    if not body["resources"]["limits"]:
        del body["resources"]
    return {key: value for key, value in body.items() if value}


def _ids(service: Service) -> list[int]:
    """User and perhaps group by number, the only way Kubernetes knows them."""
    words = (service.user or "").split(":")
    return [int(word) for word in words] if all(word.isdecimal() for word in words) else []


def _left_out(service: Service) -> list[str]:
    """What Kubernetes alone cannot say."""
    lost = {
        "user": "Kubernetes knows users by number only, the image's own runs"
        if service.user and not _ids(service)
        else "",
        "stop_signal": "the image's own is sent" if service.stop_signal else "",
        "pids": "the node limits them" if service.resources.pids is not None else "",
        "restart": "a Deployment always restarts"
        if service.restart in ("no", "on-failure")
        else "",
        "profiles": "it starts with the rest" if service.profiles else "",
        "labels": "Kubernetes' have other rules" if service.labels else "",
    }
    return [f"{service.name}: `{key}` is left out: {why}" for key, why in lost.items() if why]


def _probe(check: Healthcheck | None) -> dict[str, Any] | None:
    if check is None:
        return None
    action: dict[str, Any]
    if check.http is not None:
        port, path = http_check(check)
        action = {"httpGet": {"port": port, "path": path}}
    elif check.tcp is not None:
        action = {"tcpSocket": {"port": check.tcp}}
    else:
        action = {"exec": {"command": probe_command(check)}}
    return {
        **action,
        "initialDelaySeconds": whole_seconds(check.start_period),
        "periodSeconds": max(1, whole_seconds(check.interval)),
        "timeoutSeconds": max(1, whole_seconds(check.timeout)),
        "failureThreshold": check.retries,
    }


def _service(pipeline: Pipeline, service: Service) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": _name(f"{pipeline.name}-{service.name}")},
        "spec": {
            "selector": _labels(pipeline, service),
            "ports": [
                {
                    "name": f"port-{port.target}",
                    "port": port.published or port.target,
                    "targetPort": port.target,
                    "protocol": port.protocol.upper(),
                }
                for port in service.ports
            ],
        },
    }


def _volume(pipeline: Pipeline, mount: Mount, number: int) -> dict[str, Any]:
    name = {"name": f"mount-{number}"}
    if mount.kind == "tmpfs":
        limit = {} if mount.size is None else {"sizeLimit": str(mount.size)}
        return {**name, "emptyDir": {"medium": "Memory", **limit}}
    if mount.kind == "bind":
        return {**name, "hostPath": {"path": mount.source}}
    claim = _name(pipeline.volumes[mount.source or ""].engine_name)
    return {**name, "persistentVolumeClaim": {"claimName": claim}}


def _labels(pipeline: Pipeline, service: Service) -> dict[str, str]:
    return {
        "app.kubernetes.io/part-of": pipeline.name,
        "app.kubernetes.io/name": service.name,
    }


def _name(name: str) -> str:
    return name.replace("_", "-").replace(".", "-").lower()
