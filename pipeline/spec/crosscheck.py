"""What the parts of a spec say about each other: every name that is used must be described."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.spec.forms import is_full_reference
from pipeline.spec.model import Pipeline, Service
from pipeline.spec.problem import KeyPath, Problem, suggestion
from pipeline.spec.scope import Scope


def cross_problems(pipeline: Pipeline, scope: Scope) -> Iterator[Problem]:
    """Everything that does not fit together."""
    for service in pipeline.services.values():
        yield from _image_problems(service, pipeline, scope)


def _image_problems(service: Service, pipeline: Pipeline, scope: Scope) -> Iterator[Problem]:
    path: KeyPath = ("services", service.name)
    if not service.built_here:
        if not is_full_reference(service.image):
            hint = suggestion(service.image, scope.declared["images"])
            yield Problem(
                "CAP101", (*path, "image"), f"no image `{service.image}` in this spec", hint
            )
        return
    image = pipeline.images.get(service.image)
    if image and service.version and service.version not in image.versions:
        message = f"the image `{image.name}` has no version {service.version}"
        yield Problem(
            "CAP102", (*path, "version"), message, suggestion(service.version, image.versions)
        )
