"""A small world to plan in: a spec, what is observed, and what the engine makes of a plan."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path

from pipeline.deploy.model.desired import NOTHING_SPECIAL, Overrides, desired_services
from pipeline.deploy.model.operation import Operation, Plan
from pipeline.deploy.model.ports import Binding
from pipeline.deploy.observe.snapshot import Container, Observed
from pipeline.deploy.plan.deploy_plan import DEFAULT_OPTIONS, Options, plan_deploy
from pipeline.spec.model import Image, Pipeline, Version

_IDS = count()


@dataclass
class World:
    """A pipeline and what is observed; `deploy` plans and plays the plan."""

    pipeline: Pipeline
    observed: Observed = field(default_factory=Observed)

    def plan(self, wish: Overrides = NOTHING_SPECIAL, options: Options = DEFAULT_OPTIONS) -> Plan:
        return plan_deploy(
            self.pipeline, desired_services(self.pipeline, wish), self.observed, options
        )

    def deploy(self, wish: Overrides = NOTHING_SPECIAL, options: Options = DEFAULT_OPTIONS) -> Plan:
        plan = self.plan(wish, options)
        self.play(plan.operations)
        return plan

    def play(self, operations: tuple[Operation, ...]) -> None:
        """What the engine would make of the operations."""
        for operation in operations:
            self.observed = played(self.observed, operation)

    def change(self, name: str = "web", **changes: object) -> None:
        """Change a service of the spec."""
        services = dict(self.pipeline.services)
        services[name] = replace(services[name], **changes)  # type: ignore[arg-type]
        self.pipeline = replace(self.pipeline, services=services)

    def container(self, name: str) -> Container:
        return next(c for c in self.observed.containers if c.name == name)

    def set(self, name: str, **changes: object) -> None:
        """Change an observed container."""
        containers = tuple(
            replace(c, **changes) if c.name == name else c  # type: ignore[arg-type]
            for c in self.observed.containers
        )
        self.observed = replace(self.observed, containers=containers)


def played(observed: Observed, operation: Operation) -> Observed:
    """What is there after an operation."""
    if operation.kind in ("container", "ingress"):
        return _containers_after(observed, operation)
    name = operation.name
    networks, volumes, secrets = map(dict, (observed.networks, observed.volumes, observed.secrets))
    match operation.verb, operation.kind:
        case "create", "network":
            networks[name] = operation.body["labels"]
        case "create", "secret":
            secrets[name] = operation.labels
        case "create", "volume":
            volumes[name] = operation.body["Label"]
        case "record", "deploy":
            secrets[operation.record] = operation.labels
        case "remove", "deploy":
            del secrets[operation.record]
        case "remove", "secret":
            del secrets[name]
        case "remove", "network":
            del networks[name]
    return replace(observed, networks=networks, volumes=volumes, secrets=secrets)


def _containers_after(observed: Observed, operation: Operation) -> Observed:
    name = operation.name
    containers = observed.containers
    confirmed = dict(observed.confirmed)
    match operation.verb:
        case "create":
            containers = (*containers, made(operation))
        case "remove":
            containers = tuple(c for c in containers if c.name != name)
        case "write":
            confirmed[name] = ""
        case "confirm":
            confirmed[name] = operation.digest
        case "start" | "unpause":
            _must_have_its_ports(containers, name)
            containers = _changed(containers, name, state="running")
        case "stop":
            containers = _changed(containers, name, state="exited")
        case "rename":
            containers = _changed(containers, name, name=operation.new_name)
            if name in confirmed:
                confirmed[operation.new_name] = confirmed.pop(name)
    return replace(observed, containers=containers, confirmed=confirmed)


def _must_have_its_ports(containers: tuple[Container, ...], name: str) -> None:
    """As the engine: two running containers cannot hold one port."""
    ports = {b.host for c in containers if c.name == name for b in c.bindings}
    others = {b.host for c in containers if c.running and c.name != name for b in c.bindings}
    assert not ports & others, f"{name} cannot bind {ports & others}"


def _changed(
    containers: tuple[Container, ...], which: str, **changes: str
) -> tuple[Container, ...]:
    return tuple(
        replace(c, **changes) if c.name == which else c  # type: ignore[arg-type]
        for c in containers
    )


def made(operation: Operation) -> Container:
    body = operation.body
    labels = body["labels"]
    return Container(
        id=f"id-{next(_IDS)}",
        name=operation.name,
        service=labels["io.github.capas.service"],
        number=int(labels.get("io.github.capas.replica", "0")),
        state="created",
        labels=labels,
        image_id=body["image"],
        bindings=tuple(
            Binding(m["container_port"], m.get("host_port", 45000), m["host_ip"], m["protocol"])
            for m in body["portmappings"]
        ),
    )


def image(name: str, *versions: str) -> Image:
    return Image(
        name, {v: Version(name, v, Path("/p"), Path("/p/Containerfile")) for v in versions}
    )


def text(*lines: str) -> str:
    """A plan's lines as its text."""
    return "\n".join(lines)
