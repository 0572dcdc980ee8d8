"""Circles: images that are built on each other, services that wait for each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from pipeline.spec.model import REGISTRY, Pipeline
from pipeline.spec.problem import KeyPath, Problem, suggestion
from pipeline.spec.read_context import ReadContext
from pipeline.spec.reference_cache import known_references


def graph_problems(pipeline: Pipeline, scope: ReadContext) -> Iterator[Problem]:
    """One problem for each circle, at the first of its members; bases that do not exist."""
    waits = {
        service.name: [dependency.service for dependency in service.depends_on]
        for service in pipeline.services.values()
    }
    for circle in circles(waits):
        index = waits[circle[0]].index(circle[1])
        path = scope.place(("services", circle[0], "depends_on", index))
        message = f"services wait for each other: {' → '.join(circle)}"
        yield Problem("CAP108", path, message, "remove one of them")
    read = known_references(pipeline.versions, scope.environ)
    known = {
        name: version.short
        for version in pipeline.versions
        for name in (version.reference, version.short)
    }
    bases = {name: [known[r] for r in used if r in known] for name, used in read.items()}
    for circle in circles(bases):
        message = f"images are built on each other: {' → '.join(circle)}"
        hint = "a FROM or COPY --from in one of their Containerfiles has to go"
        yield Problem("CAP107", _path(circle[0]), message, hint, on_key=True)
    for name, used in read.items():
        for reference in used:
            if reference not in known:
                yield from _missing_base(name, reference, pipeline, scope)


def _missing_base(
    name: str, reference: str, pipeline: Pipeline, scope: ReadContext
) -> Iterator[Problem]:
    """A base that has the name of an image of this spec, but not one of its versions."""
    image, _, version = reference.removeprefix(f"{REGISTRY}/").partition(":")
    if image in pipeline.images and f"{image}:{version}" not in scope.declared["versions"]:
        message = f"{name} reads from `{reference}`, which is not a version of this spec"
        hint = suggestion(version, pipeline.images[image].versions)
        yield Problem("CAP102", _path(name), message, hint, on_key=True)


def _path(name: str) -> KeyPath:
    image, _, version = name.partition(":")
    return ("images", image, "versions", version)


def circles(graph: Mapping[str, Sequence[str]]) -> Iterator[list[str]]:
    """The circles of a graph, each once, as names of which the last is the first again.

    A depth-first walk without recursion, so that a long chain is no problem; what the graph does
    not describe is left out.
    """
    done: set[str] = set()
    for start in graph:
        trail: dict[str, Iterator[str]] = {}
        following: str | None = start if start not in done else None
        while following is not None or trail:
            if following is not None:
                trail[following] = iter(graph[following])
            name = next(reversed(trail))
            following = None
            for neighbour in trail[name]:
                if neighbour in trail:
                    names = list(trail)
                    yield [*names[names.index(neighbour) :], neighbour]
                elif neighbour in graph and neighbour not in done:
                    following = neighbour
                    break
            if following is None:
                done.add(name)
                del trail[name]
