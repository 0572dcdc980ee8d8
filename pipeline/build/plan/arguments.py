"""Build arguments as Buildah's history tells them: what an instruction can see of them."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.spec.containerfile.steps import BuildStep, StageBuild
from pipeline.spec.containerfile.variables import PROXIES


def arguments_at(
    stage: StageBuild, step: BuildStep, given: Mapping[str, str], *, own: bool = False
) -> dict[str, str]:
    """The arguments that have a value at a step.

    Args:
        stage: that the step is of.
        step: the instruction.
        given: what the spec gives the build.
        own: with those that the step declares itself.
    """
    declared = step.declared + (len(step.arguments) if own else 0)
    found = {name: value for name, value in given.items() if name in PROXIES}
    found.update({name: text for name, text in stage.args[:declared] if text is not None})
    return found


def run_arguments(stage: StageBuild, step: BuildStep, given: Mapping[str, str]) -> str:
    """`NAME=value …` as RUN writes them, sorted; ENV wins, undeclared proxies stay out."""
    env: dict[str, str] = {}
    for one in stage.steps[: stage.steps.index(step)]:
        if one.keyword == "ENV":
            env.update(zip(one.arguments[::2], one.arguments[1::2], strict=False))
    declared = {name for name, _ in stage.args[stage.inherited : step.declared]}
    texts = [
        f"{name}={env.get(name, value)}"
        for name, value in arguments_at(stage, step, given).items()
        if name in env or name not in PROXIES or name in declared
    ]
    return " ".join(sorted(texts))
