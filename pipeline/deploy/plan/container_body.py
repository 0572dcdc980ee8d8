"""What Podman is told to make a replica: safe by default, and a digest of it all (pure).

The words are those of the libpod API's SpecGenerator (podman, pkg/specgen/specgen.go).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.deploy.model.desired import DesiredService, digest
from pipeline.deploy.model.ports import Binding
from pipeline.deploy.observe.features import Features
from pipeline.deploy.observe.snapshot import ImageFacts, own_alias
from pipeline.deploy.plan.limits import limits_of
from pipeline.deploy.plan.name_servers import resolver
from pipeline.engine import labels
from pipeline.errors import HostUnsupported
from pipeline.lean_dataclasses import dataclass, field
from pipeline.spec.model import Mount, Pipeline
from pipeline.spec.quantities import whole_seconds
from pipeline.spec.signals import signal_number

_RESTART_TRIES = 10


@dataclass(frozen=True)
class ContainerBlueprint:
    """What every replica of a service is made from.

    Attributes:
        desired: the service as it shall run.
        parts: all that makes a replica what it is, by topic; what is not in here may change
            without a new container.
        body: the same for Podman, but for what differs between replicas.
        notes: limits that this host leaves out, secrets that the engine shows.
    """

    desired: DesiredService
    image: ImageFacts
    parts: Mapping[str, Any]
    body: Mapping[str, Any]
    notes: tuple[str, ...] = field(default=())

    @property
    def config(self) -> str:
        """One digest for all parts."""
        return digest(self.parts)

    @property
    def part_digests(self) -> str:
        """A short digest of each part, as the label carries them."""
        return ",".join(f"{name}={digest(part)[:6]}" for name, part in sorted(self.parts.items()))


def blueprint(
    pipeline: Pipeline,
    desired: DesiredService,
    image: ImageFacts,
    abilities: Features,
    fingerprints: Mapping[str, str],
) -> ContainerBlueprint:
    """The blueprint of a service.

    Args:
        fingerprints: what stands for the values of secrets, by their names in Podman: a
            container keeps the value that a secret had when it was made.

    Raises:
        HostUnable: the spec demands a limit that this host would silently ignore, or the engine
            would show a secret.
    """
    service = desired.service
    limits, missing = limits_of(service.resources, abilities)
    if missing and not service.resources.optional:
        raise HostUnsupported(
            f"this host does not enforce the limits of {service.name}: {', '.join(missing)}",
            details="Podman would silently ignore them (no such cgroup controller is delegated)",
            resolution="`resources.optional = true` runs without them; `capas doctor` says more",
        )
    security: dict[str, Any] = {
        "cap_drop": ["ALL"],
        "cap_add": sorted({*image.capabilities, *service.cap_add}),
        "no_new_privileges": True,
        "read_only_filesystem": service.read_only,
    }
    process = _given(
        command=list(service.command) if service.command is not None else None,
        entrypoint=list(service.entrypoint) if service.entrypoint is not None else None,
        user=service.user,
        stop_signal=signal_number(service.stop_signal) if service.stop_signal else None,
        init=abilities.init or None,
    )
    storage = _storage(pipeline, service.mounts)
    secrets = _secrets(pipeline, desired)
    restart: dict[str, Any] = {"restart_policy": service.restart}
    if service.restart == "on-failure":
        restart["restart_tries"] = _RESTART_TRIES
    parts = {
        "image": image.id,
        "process": {k: v for k, v in process.items() if k != "init"},
        "environment": dict(service.environment),
        "ports": [(p.target, p.published, p.address, p.protocol) for p in service.ports],
        "storage": storage,
        "networks": list(desired.networks),
        "limits": limits,
        "restart": service.restart,
        "security": security,
        "secrets": {**secrets, "values": _values(pipeline, desired, fingerprints)},
        "labels": dict(service.labels),
    }
    body = {
        "image": image.id,
        **process,
        "env": dict(service.environment),
        **storage,
        **security,
        **secrets,
        **restart,
        **({"resource_limits": limits} if limits else {}),
        "stop_timeout": whole_seconds(service.stop_grace_period),
        # Podman's own health checks are timers of a user systemd; ours need none. Volumes that an
        # image declares would be anonymous: what shall outlive a container is named in the spec.
        "healthconfig": {"Test": ["NONE"]},
        "image_volume_mode": "ignore",
        # No part of the digest: it is the engine's age that asks for it, not the spec.
        **resolver(desired.networks, abilities),
    }
    notes = [f"{service.name}: this host enforces no limit of {_and(missing)}"] if missing else []
    notes += _shown(desired, abilities)
    return ContainerBlueprint(desired, image, parts, body, tuple(notes))


def _and(names: Sequence[str]) -> str:
    """`a, b and c`."""
    return " and ".join(part for part in (", ".join(names[:-1]), names[-1]) if part)


def container_body(
    pipeline: Pipeline,
    plan: ContainerBlueprint,
    number: int,
    *,
    name: str,
    bindings: Sequence[Binding],
    previous: str = "",
    numbers: Mapping[str, str],
) -> dict[str, Any]:
    """What the API is sent to create one replica.

    Args:
        name: of the container.
        bindings: its ports on the host.
        previous: the version that ran in its place before.
        numbers: the labels that say which deploy makes it.
    """
    desired = plan.desired
    its_labels = {
        **desired.service.labels,
        **compose_labels(pipeline.name, desired.name, number, plan.config),
        labels.PIPELINE: pipeline.name,
        labels.SERVICE: desired.name,
        labels.REPLICA: str(number),
        labels.CONFIG: plan.config,
        labels.PARTS: plan.part_digests,
        # None of an image from elsewhere: what that may be labelled with is not this pipeline's.
        labels.VERSION: desired.version,
        **numbers,
    }
    if previous:
        its_labels[labels.PREVIOUS] = previous
    aliases = [
        desired.name,
        f"{desired.name}-{number}",
        own_alias(desired.name, number, plan.config),
    ]
    return {
        "name": name,
        **plan.body,
        "labels": its_labels,
        "portmappings": [mapping(binding) for binding in bindings],
        **network_body(desired.networks, aliases),
    }


def mapping(binding: Binding) -> dict[str, Any]:
    """A port as the API is told."""
    body = {
        "container_port": binding.target,
        "host_ip": binding.address,
        "protocol": binding.protocol,
    }
    return {**body, "host_port": binding.host} if binding.host else body


def network_body(networks: Sequence[str], aliases: Sequence[str]) -> dict[str, Any]:
    """The networks of a container and the names it has in them."""
    if not networks:
        return {}
    return {
        "netns": {"nsmode": "bridge"},
        "networks": {name: {"aliases": list(aliases)} for name in networks},
    }


def compose_labels(pipeline: str, service: str, number: int, config: str) -> dict[str, str]:
    """The labels by which other tools group our containers."""
    return {
        labels.COMPOSE_PROJECT: pipeline,
        labels.COMPOSE_SERVICE: service,
        labels.COMPOSE_NUMBER: str(number),
        labels.COMPOSE_CONFIG: config,
        labels.COMPOSE_ONEOFF: "False",
    }


def _storage(pipeline: Pipeline, mounts: Sequence[Mount]) -> dict[str, Any]:
    volumes: list[dict[str, Any]] = []
    others: list[dict[str, Any]] = []
    for mount in mounts:
        options = ["ro"] if mount.read_only else []
        if mount.kind == "volume" and mount.source is not None:
            name = pipeline.volumes[mount.source].engine_name
            volumes.append({"Name": name, "Dest": mount.target, "Options": options})
        elif mount.kind == "bind":
            options = ["rbind", *options]
            others.append({"type": "bind", "source": mount.source, "destination": mount.target,
                           "options": options})  # fmt: skip
        else:
            options = ["nosuid", "nodev", *options]
            options += [f"size={mount.size}"] if mount.size is not None else []
            others.append({"type": "tmpfs", "destination": mount.target, "options": options})
    return {"volumes": volumes, "mounts": others}


def _secrets(pipeline: Pipeline, desired: DesiredService) -> dict[str, Any]:
    files = []
    variables = {}
    for secret in desired.service.secrets:
        name = pipeline.secrets[secret.source].engine_name
        if secret.kind == "env":
            variables[secret.target] = name
        else:
            files.append({"Source": name, "Target": secret.target, "Mode": 0o444})
    return {
        **({"secrets": files} if files else {}),
        **({"secret_env": variables} if variables else {}),
    }


def _values(
    pipeline: Pipeline, desired: DesiredService, fingerprints: Mapping[str, str]
) -> dict[str, str]:
    names = [pipeline.secrets[s.source].engine_name for s in desired.service.secrets]
    return {name: fingerprints[name] for name in names if name in fingerprints}


def _shown(desired: DesiredService, abilities: Features) -> list[str]:
    """Notes on secrets that the engine shows in `podman inspect`.

    Raises:
        HostUnable: the spec does not say that this is meant.
    """
    if abilities.hides_variables:
        return []
    shown = [secret for secret in desired.service.secrets if secret.kind == "env"]
    for secret in shown:
        if not secret.visible:
            raise HostUnsupported(
                f"this Podman would show the secret {secret.source} in `podman inspect`",
                details=f"{desired.name} gets it in the variable {secret.target}, and Podman hides "
                "such variables from 5.3 on",
                resolution='`type = "mount"` gives it as a file, which nothing shows; '
                "`visible = true` keeps the variable",
            )
    return [
        f"{desired.name}: the secret in the variable {secret.target} is visible in "
        "`podman inspect`; as a file it is not"
        for secret in shown
    ]


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
