"""The instructions of a build in Buildah's counting: FROM is the first step of its stage."""

from __future__ import annotations

from pipeline.build.context.inputs import Inputs

Place = tuple[int, int, int, str, int]
LABELS_TEXT, ARGUMENTS_TEXT = "labels", "arguments"
"""How our own instructions are told: the last one, and those after an ARG."""


def places_of(inputs: Inputs) -> list[Place]:
    """Every instruction of the stages that are needed, and our LABEL after the last."""
    places: list[Place] = []
    for stage in inputs.stages:
        own = [(stage.origin.text, stage.origin.start_line)]
        for place, one in enumerate(stage.instructions):
            own.append((one.text, one.start_line))
            if (stage.index, place) in inputs.arguments:
                own.append((ARGUMENTS_TEXT, 0))
        if stage is inputs.stages[-1]:
            own.append((LABELS_TEXT, 0))
        places += (
            (stage.index, step, len(own), text, line) for step, (text, line) in enumerate(own, 1)
        )
    return places
