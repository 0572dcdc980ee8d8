"""What the parts of a spec say about each other, and about the files that they name."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.spec.check_data import data_problems
from pipeline.spec.check_graphs import graph_problems
from pipeline.spec.check_names import name_problems
from pipeline.spec.check_paths import path_problems
from pipeline.spec.check_ports import port_problems
from pipeline.spec.model import Pipeline
from pipeline.spec.problem import Problem
from pipeline.spec.read_context import ReadContext


def cross_problems(pipeline: Pipeline, scope: ReadContext) -> Iterator[Problem]:
    """Everything that does not fit together."""
    yield from name_problems(pipeline, scope)
    yield from port_problems(pipeline, scope)
    yield from graph_problems(pipeline, scope)
    yield from path_problems(pipeline, scope)
    yield from data_problems(pipeline, scope)
    if pipeline.experiments:
        from pipeline.spec.check_experiments import (  # noqa: PLC0415 (few specs pay for it)
            experiment_problems,
        )

        yield from experiment_problems(pipeline, pipeline.experiments, scope)
