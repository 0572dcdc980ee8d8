"""Experiments carried out one after the other, each in a lab that is cleaned up in any case."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

from pipeline.engine.podman_writer import PodmanWriter
from pipeline.errors import CapasError, HostUnsupported, UsageError
from pipeline.verify import images, isolation, lifecycle, persistence
from pipeline.verify.experiment import Experiment, ExperimentResult, Verdict
from pipeline.verify.lab import Lab, sweep
from pipeline.verify.notebook import Inconclusive, Refuted
from pipeline.verify.subject import ExperimentSubject

EXPERIMENTS = (
    *images.EXPERIMENTS,
    *lifecycle.EXPERIMENTS,
    *persistence.EXPERIMENTS,
    *isolation.EXPERIMENTS,
)


def select(names: Sequence[str]) -> tuple[Experiment, ...]:
    """The experiments with these names; all without one.

    Raises:
        UsageError: there is none of this name.
    """
    known = {experiment.name: experiment for experiment in EXPERIMENTS}
    if unknown := [name for name in names if name not in known]:
        raise UsageError(
            f"there is no experiment {', '.join(unknown)}",
            resolution=f"one of: {', '.join(known)}",
        )
    return tuple(e for e in EXPERIMENTS if not names or e.name in names)


def carry_out(
    experiments: Sequence[Experiment],
    api: PodmanWriter,
    subject: ExperimentSubject,
    environment: Mapping[str, str],
    tell: Callable[[Experiment], object],
) -> tuple[ExperimentResult, ...]:
    """Carry out experiments; what killed ones left behind is removed first.

    Args:
        tell: is given each experiment before it begins.
    """
    sweep(api)
    results = []
    for experiment in experiments:
        tell(experiment)
        results.append(examine(experiment, Lab(api, subject, environment)))
    return tuple(results)


def examine(experiment: Experiment, lab: Lab) -> ExperimentResult:
    """Carry out one experiment in its lab, and clean the lab."""
    began = time.monotonic()
    verdict: Verdict = "held"
    reason = ""
    try:
        experiment.body(lab)
    except Refuted as refuted:
        verdict, reason = "refuted", str(refuted)
    except (Inconclusive, HostUnsupported) as unable:
        verdict, reason = "untried", str(unable)
    except CapasError as error:
        verdict, reason = "failed", str(error)
    finally:
        lab.clean()
    steps = tuple(lab.notebook.steps)
    return ExperimentResult(experiment, verdict, steps, reason, time.monotonic() - began)
