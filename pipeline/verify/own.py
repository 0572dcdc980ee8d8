"""The experiments of a spec carried out: each in a world of its own, several at a time."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait

from pipeline.deploy.model.desired import versions_for
from pipeline.engine.podman_writer import PodmanWriter
from pipeline.engine.thread_pool import workers
from pipeline.errors import CapasError
from pipeline.spec.check_experiments import start_version
from pipeline.spec.experiments import ROUND, OwnExperiment, Step
from pipeline.spec.model import Pipeline
from pipeline.verify.acts import Acting, do, told
from pipeline.verify.captured import ABSENT
from pipeline.verify.experiment import Claim, ExperimentResult
from pipeline.verify.judge import Comparison, Sight, captures, compare
from pipeline.verify.notebook import Notebook, Refuted
from pipeline.verify.run import judged
from pipeline.verify.sweep import clean
from pipeline.verify.throw_away import only_needed, ports_asked, throw_away_copy
from pipeline.verify.world import World, free_port, new_token

_MOST = 8
"""Worlds at a time: the engine starts containers no faster with more."""
_ANSWERS_WITHIN = 10.0
"""Seconds in which a program that has just started may begin to answer, unless a step says more."""
_AGAIN = 0.1
"""Seconds between two looks at something that shall come true."""

WorldMaker = Callable[[PodmanWriter, str, Pipeline, Mapping[str, str]], World]


def carry_out_own(
    experiments: Sequence[OwnExperiment],
    uri: str,
    pipeline: Pipeline,
    environment: Mapping[str, str],
    *,
    tell: Callable[[Claim], object],
    make: WorldMaker = World,
) -> tuple[ExperimentResult, ...]:
    """Carry out experiments side by side; the results in the spec's order.

    Args:
        tell: is given each experiment before it begins.

    Raises:
        KeyboardInterrupt: soon, with everything removed.
    """
    worlds: list[World] = []

    def one(experiment: OwnExperiment) -> ExperimentResult:
        with PodmanWriter(uri) as api:
            world = make(api, uri, copy_for(pipeline, experiment), environment)
            worlds.append(world)
            tell(claim_of(experiment))
            return examine_own(experiment, world)

    if not experiments:
        return ()
    count = min(len(experiments), _MOST, 2 * (os.cpu_count() or 1))
    try:
        with workers(count) as pool:
            futures = [pool.submit(one, experiment) for experiment in experiments]
            try:
                _all_done(futures)
            except BaseException:
                for world in worlds:
                    world.stopping.set()
                raise
            return tuple(future.result() for future in futures)
    except BaseException:
        _end(worlds, uri)
        raise


def copy_for(pipeline: Pipeline, experiment: OwnExperiment) -> Pipeline:
    """The throw-away copy that an experiment runs on."""
    named = {step.service for step in experiment.steps}
    needed = only_needed(pipeline, named)
    return throw_away_copy(needed, new_token(), free_port, ports_asked(needed, experiment))


def claim_of(experiment: OwnExperiment) -> Claim:
    """What the report calls it."""
    return Claim(experiment.name, experiment.name, experiment.claim)


def examine_own(experiment: OwnExperiment, world: World) -> ExperimentResult:
    """Carry out one experiment in its world, and clean the world."""
    notebook = Notebook()
    began = time.monotonic()
    verdict, reason = judged(lambda: _carry_out(experiment, world, notebook), world.clean)
    steps = tuple(notebook.steps)
    return ExperimentResult(claim_of(experiment), verdict, steps, reason, time.monotonic() - began)


def _carry_out(experiment: OwnExperiment, world: World, notebook: Notebook) -> None:
    end = time.monotonic() + experiment.timeout
    first = start_version(world.pipeline, experiment)
    if first is not None:
        world.versions |= versions_for(world.pipeline, first)
    notebook.do(f"deploy a throw-away copy{f' in version {first}' if first else ''}")
    world.deploy()
    acting = Acting(world, end)
    for number in range(1, experiment.repeat + 1):
        acting.captured[ROUND] = number
        if experiment.repeat > 1:
            notebook.do(f"round {number}")
        for step in experiment.steps:
            for _time in range(step.repeat):
                _one_step(step, acting, notebook, experiment.timeout)


def _one_step(step: Step, acting: Acting, notebook: Notebook, timeout: float) -> None:
    notebook.do(told(step, acting))
    began = time.monotonic()
    while True:
        try:
            sight = do(step, acting)
        except CapasError:
            _in_time(acting, timeout)
            raise
        _in_time(acting, timeout)
        lines = compare(step, sight, acting.captured)
        now = time.monotonic()
        if all(line.holds for line in lines) or now - began > _patience(step, sight):
            break
        acting.world.pause(_AGAIN)
    _write_down(lines, notebook, acting)
    kept = captures(step, sight)
    for name, value in kept.items():
        notebook.see(f"{name}, to be used later", expected="there", found=_there(value))
    acting.captured |= kept


def _in_time(acting: Acting, timeout: float) -> None:
    """Refute the claim when the time of the experiment is over."""
    if time.monotonic() > acting.end:
        raise Refuted(f"it was not done in {timeout:g} s")


def _there(value: object) -> str:
    return "nothing" if value is ABSENT else "there"


def _patience(step: Step, sight: Sight) -> float:
    """Seconds in which an expectation may come true."""
    if step.within is not None:
        return step.within
    return _ANSWERS_WITHIN if sight.silent and step.expected.answers else 0.0


def _write_down(lines: Sequence[Comparison], notebook: Notebook, acting: Acting) -> None:
    try:
        for line in lines:
            notebook.see(line.text, expected=line.expected, found=line.found)
    except Refuted:
        said = _last_words(acting)
        if said:
            notebook.do(f"the last lines of the containers: {said}")
        raise


def _last_words(acting: Acting) -> str:
    try:
        return " | ".join(acting.world.last_words().splitlines())
    except CapasError:
        return ""


def _all_done(futures: Sequence[Future[ExperimentResult]]) -> None:
    """Wait for all; one that broke ends the others."""
    left = set(futures)
    while left:
        done, left = wait(left, return_when=FIRST_COMPLETED)
        for future in done:
            future.result()


def _end(worlds: Sequence[World], uri: str) -> None:
    """End all worlds now: what is left of one that still works is swept by the next run."""
    with PodmanWriter(uri) as api:
        for world in worlds:
            clean(api, world.token)
