"""A pipeline as Kubernetes manifests, which `podman kube play` reads too (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from pipeline.errors import UsageError
from pipeline.export.exported import (
    Exported,
    check_version,
    http_check,
    image_reference,
    probe_command,
)
from pipeline.export.notes import common_notes, kubernetes_notes, user_ids
from pipeline.export.yaml_text import yaml_text
from pipeline.lean_re import lazy_pattern
from pipeline.spec.exclusive import writes_alone
from pipeline.spec.model import Healthcheck, Mount, Pipeline, Port, Service
from pipeline.spec.quantities import decimal, whole_seconds

_SIZE = "1Gi"
"""What a claim asks for: a spec has no sizes of a volume."""

_LABEL = lazy_pattern(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?")
"""What Kubernetes takes for the name of a Service (RFC 1035), and so of everything here."""

_PULL = {"missing": "IfNotPresent", "always": "Always", "never": "Never"}


def export_kubernetes(pipeline: Pipeline, version: str | None = None) -> Exported:
    """A claim for each volume, a Deployment for each service, a Service for each with ports.

    Raises:
        UsageError: no service has this version, or two things would have one name.
    """
    check_version(pipeline, version)
    claims = [v.engine_name for v in pipeline.volumes.values() if not v.external]
    services = [f"{pipeline.name}-{name}" for name in pipeline.services]
    _refuse_clashes("claims", claims)
    _refuse_clashes("services", services)
    documents = [_claim(name) for name in claims]
    notes = list(common_notes(pipeline))
    if documents:
        notes.append(f"each volume asks for {_SIZE}: a spec has no sizes")
    notes += [
        f"{volume.name}: `labels` is left out: Kubernetes' have other rules"
        for volume in pipeline.volumes.values()
        if volume.labels and not volume.external
    ]
    notes += [
        f"{volume.name}: make the claim {_name(volume.engine_name)} there: the volume is external"
        for volume in pipeline.volumes.values()
        if volume.external
    ]
    for service in pipeline.services.values():
        documents.append(_deployment(pipeline, service, version))
        if service.ports:
            documents.append(_service(pipeline, service))
        notes += kubernetes_notes(pipeline, service)
    notes += _renamed([*claims, *services])
    return Exported({f"{pipeline.name}.yaml": yaml_text(documents)}, tuple(dict.fromkeys(notes)))


def _refuse_clashes(kind: str, names: Iterable[str]) -> None:
    """Refuse names that become one: the second object would replace the first.

    Raises:
        UsageError: two of them do.
    """
    seen: dict[str, str] = {}
    for name in names:
        other = seen.setdefault(_name(name), name)
        if other != name:
            raise UsageError(
                f"two {kind} would be called {_name(name)} in Kubernetes: {other} and {name}",
                details="its names have lower case letters, digits and `-` only",
                resolution="give one of them another name",
            )


def _renamed(names: Iterable[str]) -> Iterator[str]:
    for name in names:
        if _name(name) != name:
            yield f"{name} is called {_name(name)} there"
        if not _LABEL.fullmatch(_name(name)):
            yield (
                f"Kubernetes refuses the name {_name(name)}: it takes at most 63 letters, digits "
                "and `-`, beginning with a letter and ending without a `-`"
            )


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
    spec = {
        "replicas": service.replicas,
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": pod},
    }
    if writes_alone(pipeline, service):
        # Else a new pod starts while the old one still writes (Deployment, Strategy).
        spec["strategy"] = {"type": "Recreate"}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": _name(f"{pipeline.name}-{service.name}"), "labels": labels},
        "spec": spec,
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
    if ids := user_ids(service):
        security.update(zip(("runAsUser", "runAsGroup"), ids, strict=False))
    probe = _probe(service.healthcheck)
    # No `ports`: to Kubernetes they say nothing, and Podman would publish them to everyone.
    body: dict[str, Any] = {
        "name": _name(service.name),
        "image": image_reference(pipeline, service, version),
        "imagePullPolicy": _PULL[service.pull_policy],
        "command": [_literal(word) for word in service.entrypoint or ()],
        "args": [_literal(word) for word in service.command or ()],
        "env": [{"name": k, "value": _literal(v)} for k, v in service.environment.items()],
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
            "ports": list(_ports(service.ports)),
        },
    }


def _ports(ports: Iterable[Port]) -> Iterator[dict[str, Any]]:
    """The ports of a Service, each with a name and a number with protocol of its own."""
    names: set[str] = set()
    seen: set[tuple[int, str]] = set()
    for port in ports:
        outside = port.published or port.target
        if (outside, port.protocol) in seen:
            continue
        seen.add((outside, port.protocol))
        name = f"port-{port.target}"
        if name in names:
            name = f"{port.protocol}-{outside}"
        names.add(name)
        yield {
            "name": name,
            "port": outside,
            "targetPort": port.target,
            "protocol": port.protocol.upper(),
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


def _literal(text: str) -> str:
    """A value in which Kubernetes expands no `$(NAME)`; `$$` is its escape for one `$`."""
    return text.replace("$", "$$") if "$$" in text or "$(" in text else text
