"""What a pipeline becomes, taken apart: each value that somebody is given, at its place.

`deploy` is given operations of Podman's API; Compose, systemd and Kubernetes are given files.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from pipeline.deploy.model.desired import NOTHING_SPECIAL, DesiredService, desired_services
from pipeline.deploy.model.operation import Operation
from pipeline.deploy.model.ports import Held
from pipeline.deploy.observe.features import Features
from pipeline.deploy.observe.snapshot import ImageFacts, Observed
from pipeline.deploy.plan.deploy_plan import DEFAULT_OPTIONS, Options, plan_deploy
from pipeline.deploy.plan.pulls import plan_pulls
from pipeline.engine import labels
from pipeline.errors import CapasError
from pipeline.export.compose import export_compose
from pipeline.export.exported import Exported
from pipeline.export.kubernetes import export_kubernetes
from pipeline.export.quadlet import export_quadlet
from pipeline.lean_dataclasses import field_names
from pipeline.spec.model import Pipeline
from tests.unit.deploy.world import World

Places = Counter[tuple[str, str]]
"""How often a value stands at a place."""

ABLE = Features(
    limits=frozenset({"memory", "cpu", "pids"}), hides_variables=False, restarts_ports=True
)
HELD = Held({("tcp", "127.0.0.1", 8080): "another program"})
_DERIVED = {labels.CONFIG, labels.PARTS, labels.COMPOSE_CONFIG}
"""Digests of all that stands elsewhere."""
_NAMED_BY_USERS = {"environment", "labels", "depends_on", "networks", "aliases", "env", "Label"}


def changed(one: Places, other: Places) -> set[str]:
    """The places whose values differ."""
    return {place for place, _value in [*(one - other), *(other - one)]}


def of_compose(pipeline: Pipeline) -> Places:
    """The keys of a Compose file: `services.restart`."""
    exported = export_compose(pipeline)
    document = yaml.safe_load(exported.files["compose.yaml"])
    found = [("name", document.pop("name"))]
    for kind, things in document.items():
        for name, body in things.items():
            found.append((kind, name))
            for key, value in body.items():
                found += _leaves(value, f"{kind}.{key}")
    return Counter([*_texts(found), *_told(exported)])


def of_quadlet(pipeline: Pipeline) -> Places:
    """The keys of units: `container [Service] Restart`, options of podman by their own names."""
    exported = export_quadlet(pipeline)
    found: list[tuple[str, Any]] = []
    for name, text in exported.files.items():
        kind = name.rpartition(".")[2]
        found.append((kind, name))
        section = ""
        for line in text.splitlines():
            if line.startswith("["):
                section = line
            elif line:
                key, _, value = line.partition("=")
                if key == "PodmanArgs":
                    key, _, value = value.strip('"').partition("=")
                found.append((f"{kind} {section} {key}", value))
    return Counter([*_texts(found), *_told(exported)])


def of_kubernetes(pipeline: Pipeline) -> Places:
    """The keys of objects: `Deployment spec.replicas`; `pod` is a Deployment's template."""
    exported = export_kubernetes(pipeline)
    found: list[tuple[str, Any]] = []
    for text in exported.files.values():
        for document in yaml.safe_load_all(text):
            kind = document.pop("kind")
            for place, value in _leaves(document, kind):
                short = place.replace("Deployment.spec.template.spec.", "pod.")
                found.append((short.replace("pod.containers.", "container."), value))
    return Counter([*_texts(found), *_told(exported)])


def of_deploy(pipeline: Pipeline) -> Places:
    """The fields of operations, those of bodies by the API's words: `create container: user`.

    Of a first deploy, and of some that differ from it, each under a name of its own.
    """
    wanted = desired_services(pipeline, NOTHING_SPECIAL)
    first = _looked(pipeline)
    pulls = (*plan_pulls(wanted, Observed(), fresh=True), *plan_pulls(wanted, first, fresh=True))
    found = _of_operations(pulls)
    cases = {
        "": (first, DEFAULT_OPTIONS),
        "without waiting: ": (first, Options(wait=False)),
        "with no limits: ": (replace(first, abilities=Features()), DEFAULT_OPTIONS),
        "an update: ": (_deployed(pipeline), DEFAULT_OPTIONS),
    }
    for case, (observed, options) in cases.items():
        for place, value in _planned(pipeline, wanted, observed, options).items():
            found[f"{case}{place[0]}", place[1]] += value
    return found


def _looked(pipeline: Pipeline) -> Observed:
    """What is there before a first deploy."""
    ingresses = (s.ingress.image for s in pipeline.services.values() if s.ingress)
    elsewhere = (s.image for s in pipeline.services.values() if not s.built_here)
    names = [*(v.reference for v in pipeline.versions), *ingresses, *elsewhere]
    return Observed(
        images={name: ImageFacts(name) for name in names},
        held=HELD,
        abilities=ABLE,
        fingerprints={one.engine_name: str(one) for one in pipeline.secrets.values()},
    )


def _deployed(pipeline: Pipeline) -> Observed:
    """What is there when the same was deployed in its version 1.0."""
    world = World(pipeline, replace(_looked(pipeline), held=Held()))
    for service in pipeline.services.values():
        if service.built_here:
            world.change(service.name, version="1.0")
    with suppress(CapasError):  # refused as the first deploy is
        world.deploy()
    return world.observed


def _planned(
    pipeline: Pipeline, wanted: Sequence[DesiredService], observed: Observed, options: Options
) -> Places:
    try:
        plan = plan_deploy(pipeline, wanted, observed, options)
    except CapasError as error:
        return Counter([(f"refused: {error.brief}", "")])
    told = [(f"note: {note}", "") for note in plan.notes]
    kept = [("backup", volume) for volume in plan.backups]
    return _of_operations(plan.operations) + Counter([*told, *kept])


def _of_operations(operations: Sequence[Operation]) -> Places:
    found: list[tuple[str, Any]] = []
    for operation in operations:
        place = f"{operation.verb} {operation.kind}"
        found.append((place, operation.name))
        for name in field_names(operation):
            value = getattr(operation, name)
            if name in ("body", "check", "secret"):
                found += _leaves(_as_json(value), f"{place}:", between=" ")
            elif value and name not in ("verb", "kind", "name", "cause"):
                found.append((f"{place}: {name}", _as_json(value)))
    return Counter(_texts(found))


def _as_json(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _as_json(one) for key, one in value.items() if key not in _DERIVED}
    if hasattr(value, "_lean_fields"):
        return {name: _as_json(getattr(value, name)) for name in field_names(value)}
    if isinstance(value, (list, tuple)):
        return [_as_json(one) for one in value]
    return str(value) if isinstance(value, Path) else value


def _leaves(value: Any, place: str, between: str = ".") -> Iterator[tuple[str, Any]]:
    last = place.rpartition(between)[2]
    if isinstance(value, dict) and last not in _NAMED_BY_USERS:
        for key, one in value.items():
            yield from _leaves(one, f"{place}{between}{key}", "." if between == " " else between)
    elif isinstance(value, list) and any(isinstance(one, dict) for one in value):
        for one in value:
            yield from _leaves(one, place, between)
    else:
        yield place, value


def _texts(found: list[tuple[str, Any]]) -> Iterator[tuple[str, str]]:
    return ((place, json.dumps(value, sort_keys=True, default=str)) for place, value in found)


def _told(exported: Exported) -> Iterator[tuple[str, str]]:
    return ((f"note: {note}", "") for note in exported.notes)


TARGETS: Mapping[str, Callable[[Pipeline], Places]] = {
    "deploy": of_deploy,
    "compose": of_compose,
    "quadlet": of_quadlet,
    "kubernetes": of_kubernetes,
}
