"""Every name that is used must be described."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.spec.model import DEFAULT_NETWORK, Pipeline, Service
from pipeline.spec.problem import KeyPath, Problem, did_you_mean, one_of, suggestion
from pipeline.spec.read_context import ReadContext
from pipeline.spec.rules import CHANGEABLE, RULES
from pipeline.spec.services import DEFAULT_INGRESS_IMAGE
from pipeline.spec.short_forms import is_full_reference, is_reference


def name_problems(pipeline: Pipeline, scope: ReadContext) -> Iterator[Problem]:
    """Names of images, versions, services, volumes, networks, secrets and rules."""
    for service in pipeline.services.values():
        path: KeyPath = ("services", service.name)
        yield from _image(service, pipeline, scope)
        yield from _ingress_image(service, pipeline, scope)
        for index, mount in enumerate(service.mounts):
            if mount.kind == "volume" and mount.source is not None:
                where = scope.place((*path, "volumes", index))
                yield from _unknown("volume", "CAP104", mount.source, where, scope)
        for index, secret in enumerate(service.secrets):
            where = scope.place((*path, "secrets", index))
            yield from _unknown("secret", "CAP106", secret.source, where, scope)
        for index, network in enumerate(service.networks):
            if network != DEFAULT_NETWORK:
                where = scope.place((*path, "networks", index))
                yield from _unknown("network", "CAP105", network, where, scope)
        for index, dependency in enumerate(service.depends_on):
            where = scope.place((*path, "depends_on", index))
            yield from _unknown("service", "CAP103", dependency.service, where, scope)
    yield from _rules(pipeline)
    yield from _budget_versions(pipeline)


def _rules(pipeline: Pipeline) -> Iterator[Problem]:
    for name in pipeline.lint:
        if name not in CHANGEABLE:
            message = f"there is no rule {name}"
            if name in RULES:
                message = f"the level of {name} cannot be changed"
            hint = "docs/rules.md lists the rules"
            yield Problem("CAP014", ("x-lint", name), message, hint, on_key=True)


def _unknown(
    kind: str, rule: str, name: str, path: KeyPath, scope: ReadContext
) -> Iterator[Problem]:
    known = scope.declared[f"{kind}s"]
    if name in known:
        return
    other = one_of(known) if kind == "service" else f"describe it: [{kind}s.{name}]"
    hint = did_you_mean(name, known) or other
    on_key = isinstance(path[-1], str)
    yield Problem(rule, path, f"no {kind} `{name}` in this spec", hint, on_key=on_key)


def _image(service: Service, pipeline: Pipeline, scope: ReadContext) -> Iterator[Problem]:
    path: KeyPath = ("services", service.name, "image")
    if not service.built_here:
        yield from _external(service.image, path, scope)
        return
    image = pipeline.images.get(service.image)
    if image is None or service.version is None:
        return
    if f"{image.name}:{service.version}" in scope.declared["versions"]:
        return
    where = scope.place((*path[:-1], "version"))
    message = f"the image `{image.name}` has no version {service.version}"
    yield Problem("CAP102", where, message, suggestion(service.version, image.versions))


def _external(image: str, path: KeyPath, scope: ReadContext) -> Iterator[Problem]:
    if not is_full_reference(image):
        name = image.partition(":")[0]
        near = did_you_mean(name, scope.declared["images"])
        hint = near or f"add its registry: `docker.io/library/{image.lower()}`"
        yield Problem("CAP101", path, f"no image `{image}` in this spec", hint)
    elif not is_reference(image):
        hint = f"write `{image.lower()}`" if is_reference(image.lower()) else ""
        message = f"`{image}` is not a reference to an image: names are lower case (OCI)"
        yield Problem("CAP007", path, message, hint)


def _ingress_image(service: Service, pipeline: Pipeline, scope: ReadContext) -> Iterator[Problem]:
    if service.ingress is None:
        return
    path: KeyPath = ("services", service.name, "ingress", "image")
    name, _, version = service.ingress.image.removeprefix("localhost/").partition(":")
    image = pipeline.images.get(name)
    if image is not None and version and version not in image.versions:
        message = f"the image `{name}` has no version {version}"
        yield Problem("CAP102", path, message, suggestion(version, image.versions))
    elif name in scope.declared["images"]:
        return
    elif service.ingress.image == DEFAULT_INGRESS_IMAGE:
        yield Problem(
            "CAP101",
            path[:-1],
            f"the ingress needs an image, and this spec has no image `{DEFAULT_INGRESS_IMAGE}`",
            f"describe [images.{DEFAULT_INGRESS_IMAGE}], or name another with `image = …`",
            on_key=True,
        )
    else:
        yield from _external(service.ingress.image, path, scope)


def _budget_versions(pipeline: Pipeline) -> Iterator[Problem]:
    known = [version.short for version in pipeline.versions]
    for name in pipeline.budgets.versions:
        if name not in known:
            path = ("x-report", "versions", name)
            message = f"no version `{name}` in this spec"
            yield Problem("CAP102", path, message, suggestion(name, known), on_key=True)
