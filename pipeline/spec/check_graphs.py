"""Circles: images that are built on each other, services that wait for each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from pipeline.spec.containerfile import parse
from pipeline.spec.model import Pipeline, Version
from pipeline.spec.problem import Problem
from pipeline.spec.references import references
from pipeline.spec.scope import Scope
from pipeline.spec.textfile import Unreadable, read_text


def graph_problems(pipeline: Pipeline, scope: Scope) -> Iterator[Problem]:
    """One problem for each circle, at the first of its members."""
    waits = {
        service.name: [dependency.service for dependency in service.depends_on]
        for service in pipeline.services.values()
    }
    for circle in circles(waits):
        index = waits[circle[0]].index(circle[1])
        path = scope.place(("services", circle[0], "depends_on", index))
        message = f"services wait for each other: {' → '.join(circle)}"
        yield Problem("CAP108", path, message, "take one of them out")
    for circle in circles(_bases(pipeline)):
        image, version = circle[0].split(":", 1)
        message = f"images are built on each other: {' → '.join(circle)}"
        yield Problem(
            "CAP107",
            ("images", image, "versions", version),
            message,
            on_key=True,
            hint="a FROM or COPY --from in one of their Containerfiles has to go",
        )


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


def _bases(pipeline: Pipeline) -> dict[str, list[str]]:
    """For each version, by `image:version`, those of the same spec that its build reads from."""
    known = {
        name: version.short
        for version in pipeline.versions
        for name in (version.reference, version.short)
    }
    return {
        version.short: [known[name] for name in _references(version) if name in known]
        for version in pipeline.versions
    }


def _references(version: Version) -> tuple[str, ...]:
    try:
        text = read_text(version.containerfile)
    except Unreadable:
        return ()  # another rule says so
    return references(parse(text, version.containerfile), version.args)
