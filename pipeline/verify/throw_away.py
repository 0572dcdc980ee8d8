"""A throw-away copy of a spec's services for one experiment (pure).

It has names, volumes, networks, secrets and ports of its own. What would touch the user's own files
or the deployed services is given in another way, and nothing is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping

from pipeline.engine import labels
from pipeline.lean_dataclasses import replace
from pipeline.spec.experiments import OwnExperiment, Request, Step
from pipeline.spec.model import Mount, Pipeline, Port, Service

PREFIX = "capas-experiment-"
_LOOPBACK = "127.0.0.1"


def throw_away_copy(
    pipeline: Pipeline,
    token: str,
    free_port: Callable[[], int],
    asked: Mapping[str, Collection[int]] | None = None,
) -> Pipeline:
    """The spec under a name of its own.

    Args:
        token: stands in the name, and on everything that carries labels.
        free_port: of the host, for a service with an ingress.
        asked: by service: ports of its containers that must be reachable, published or not.
    """
    name = f"{PREFIX}{token}"
    its_labels = {labels.EXPERIMENT: token}

    def own(key: str) -> str:
        return f"{name}_{key}"

    return replace(
        pipeline,
        name=name,
        services={
            key: _service(one, its_labels, free_port, (asked or {}).get(key, ()))
            for key, one in pipeline.services.items()
        },
        volumes={
            key: replace(
                one,
                engine_name=own(key),
                external=False,
                backup_before_upgrade=False,
                labels={**one.labels, **its_labels},
            )
            for key, one in pipeline.volumes.items()
        },
        networks={
            key: replace(one, engine_name=own(key)) for key, one in pipeline.networks.items()
        },
        secrets={key: replace(one, engine_name=own(key)) for key, one in pipeline.secrets.items()},
    )


def only_needed(pipeline: Pipeline, services: Iterable[str]) -> Pipeline:
    """Without the services of a profile, unless they are named."""
    named = set(services)
    kept = {
        key: replace(one, profiles=())
        for key, one in pipeline.services.items()
        if key in named or not one.profiles
    }
    waiting = list(kept.values())
    while waiting:
        for dependency in waiting.pop().depends_on:
            if dependency.service not in kept:
                added = replace(pipeline.services[dependency.service], profiles=())
                kept[added.name] = added
                waiting.append(added)
    return replace(pipeline, services=kept)


def ports_asked(pipeline: Pipeline, experiment: OwnExperiment) -> dict[str, set[int]]:
    """By service: the ports that the steps name."""
    asked: dict[str, set[int]] = {}
    for step in experiment.steps:
        if isinstance(step.action, Request) and step.action.port is not None:
            asked.setdefault(service_of(pipeline, step), set()).add(step.action.port)
    return asked


def service_of(pipeline: Pipeline, step: Step) -> str:
    """The service that a step is about; the only one where it names none."""
    return step.service or next(iter(pipeline.services), "")


def _service(
    service: Service,
    its_labels: Mapping[str, str],
    free_port: Callable[[], int],
    asked: Collection[int],
) -> Service:
    published = [
        replace(port, published=None, address=_LOOPBACK, strict=False) for port in service.ports
    ]
    there = {port.target for port in published if port.protocol == "tcp"}
    published += [Port(target) for target in sorted(set(asked) - there)]
    ingress = service.ingress
    if ingress is not None:
        ingress = replace(ingress, port=free_port(), address=_LOOPBACK)
    return replace(
        service,
        ports=tuple(published),
        mounts=tuple(_mount(mount) for mount in service.mounts),
        labels={**service.labels, **its_labels},
        ingress=ingress,
    )


def _mount(mount: Mount) -> Mount:
    """The user's own files are only read."""
    return replace(mount, read_only=True) if mount.kind == "bind" else mount
