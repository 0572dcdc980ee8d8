"""Networks, volumes and secrets that the containers need (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pipeline.deploy.model.desired import DesiredService, digest, network
from pipeline.deploy.model.operation import Operation
from pipeline.deploy.model.secret import no_value
from pipeline.deploy.observe.snapshot import Observed
from pipeline.engine import labels
from pipeline.errors import CapasError, HostUnsupported
from pipeline.lean_dataclasses import replace
from pipeline.spec.model import DEFAULT_NETWORK, Network, Pipeline

MISSING = "missing"


def plan_resources(
    pipeline: Pipeline, wanted: Sequence[DesiredService], observed: Observed
) -> tuple[list[Operation], list[str]]:
    """What has to be made before any container, and notes.

    Raises:
        HostUnable: names must resolve, and this host's networks cannot do that.
        CapasError: an external volume is missing, or a network was made with other options.
    """
    networks, notes = _networks(pipeline, wanted, observed)
    volumes, volume_notes = _volumes(pipeline, wanted, observed)
    return [*networks, *volumes, *_secrets(pipeline, wanted, observed)], notes + volume_notes


def _networks(
    pipeline: Pipeline, wanted: Sequence[DesiredService], observed: Observed
) -> tuple[list[Operation], list[str]]:
    names = sorted({name for d in wanted for name in d.networks})
    if names and observed.abilities.no_network:
        raise HostUnsupported(
            "services of one pipeline cannot find each other on this host",
            details=observed.abilities.no_network,
            resolution="`capas doctor` says what to install; one service alone needs no network",
        )
    known = {n.engine_name: n for n in pipeline.networks.values()}
    default = network(pipeline, DEFAULT_NETWORK)
    operations = []
    notes = []
    for name in names:
        body = _network_body(pipeline, known.get(name, default))
        there = observed.networks.get(name)
        if there is None:
            operations.append(Operation("create", "network", name, MISSING, body=body))
        elif there.get(labels.PIPELINE) != pipeline.name:
            notes.append(f"network {name} was not created by capas: it is used and not changed")
        elif there.get(labels.CONFIG) != body["labels"][labels.CONFIG]:
            raise CapasError(
                f"the options of the network {name} have changed",
                details="a network cannot be changed while containers are in it",
                resolution="`capas down`, then `capas deploy`: volumes stay",
            )
    return operations, notes


def _network_body(pipeline: Pipeline, wanted: Network) -> dict[str, Any]:
    options = {"internal": wanted.internal, "labels": dict(wanted.labels)}
    return {
        "name": wanted.engine_name,
        "driver": "bridge",
        "dns_enabled": True,
        "internal": wanted.internal,
        "labels": {
            **wanted.labels,
            labels.PIPELINE: pipeline.name,
            labels.NETWORK: wanted.name,
            labels.CONFIG: digest(options),
            labels.COMPOSE_PROJECT: pipeline.name,
            labels.COMPOSE_NETWORK: wanted.name,
        },
    }


def _volumes(
    pipeline: Pipeline, wanted: Sequence[DesiredService], observed: Observed
) -> tuple[list[Operation], list[str]]:
    keys = sorted({
        mount.source
        for desired in wanted
        for mount in desired.service.mounts
        if mount.kind == "volume" and mount.source is not None
    })  # fmt: skip
    operations = []
    notes = []
    for volume in (pipeline.volumes[key] for key in keys):
        there = observed.volumes.get(volume.engine_name)
        if there is not None:
            if not volume.external and there.get(labels.PIPELINE) != pipeline.name:
                notes.append(
                    f"volume {volume.engine_name} was not created by capas: "
                    "it is used and not changed"
                )
            elif not volume.labels.items() <= there.items():
                notes.append(
                    f"volume {volume.engine_name} does not have the `labels` of the spec: "
                    "a volume's labels cannot be changed"
                )
            continue
        if volume.external:
            raise CapasError(
                f"the external volume {volume.engine_name} does not exist",
                resolution=f"create it (`podman volume create {volume.engine_name}`), "
                "or remove `external`",
            )
        body = {
            "Name": volume.engine_name,
            "Label": {
                **volume.labels,
                labels.PIPELINE: pipeline.name,
                labels.VOLUME: volume.name,
                labels.COMPOSE_PROJECT: pipeline.name,
                labels.COMPOSE_VOLUME: volume.name,
            },
        }
        operations.append(Operation("create", "volume", volume.engine_name, MISSING, body=body))
    return operations, notes


def _secrets(
    pipeline: Pipeline, wanted: Sequence[DesiredService], observed: Observed
) -> list[Operation]:
    keys = sorted({s.source for desired in wanted for s in desired.service.secrets})
    operations: list[Operation] = []
    for secret in (pipeline.secrets[key] for key in keys):
        name = secret.engine_name
        there = observed.secrets.get(name)
        now = observed.fingerprints.get(name)
        if now is None:
            if there is None:
                raise no_value(secret)
            continue  # its source is gone: what Podman keeps of it stays
        own = {labels.PIPELINE: pipeline.name, labels.FINGERPRINT: now}
        if there is None:
            make = Operation("create", "secret", name, MISSING, labels=own, secret=secret)
            operations.append(make)
        elif there.get(labels.FINGERPRINT) != now and labels.PIPELINE in there:
            remove = Operation("remove", "secret", name, "its value has changed")
            operations += [
                remove,
                replace(remove, verb="create", after=(remove.key,), labels=own, secret=secret),
            ]
    return operations
