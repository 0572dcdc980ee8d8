"""What experiments are made on, and what they must not leave."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from pipeline.engine import command, labels
from pipeline.engine.buildah import build_argv
from pipeline.engine.podman_writer import PodmanWriter
from pipeline.verify.subject import ExperimentSubject
from pipeline.verify.throw_away import PREFIX
from tests.integration.conftest import CHECKOUT


@pytest.fixture(scope="module")
def subject(environment: Mapping[str, str], small_base: str) -> ExperimentSubject:
    references: list[str] = []
    for version in ("1.0", "1.1"):
        references.insert(0, f"localhost/experiments:{version}")
        context = CHECKOUT / "containers" / "pytweets" / version
        argv = build_argv(
            context=context,
            containerfile=context / "Containerfile",
            tags=(references[0],),
            args={"BASE": small_base},
            labels={},
            timestamp=0,
        )
        command.run(argv, environment=environment)
    return ExperimentSubject(references[0], tuple(references[1:]), 5000)


@pytest.fixture
def api(service: str) -> Iterator[PodmanWriter]:
    with PodmanWriter(service) as writer:
        yield writer


def left_behind(api: PodmanWriter) -> list[str]:
    mine = [labels.EXPERIMENT]
    return [
        *(one.name for one in api.containers(mine)),
        *(one.name for one in api.volumes(mine)),
        *(str(one.names) for one in api.images(mine)),
    ]


def nothing_left(api: PodmanWriter) -> None:
    assert left_behind(api) == []
    worlds = [n.name for n in api.networks() if PREFIX in n.name]
    worlds += [s.name for s in api.secrets() if PREFIX in str(s.labels)]
    assert worlds == []
