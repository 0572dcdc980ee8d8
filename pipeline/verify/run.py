"""Experiments carried out one after the other, each in a lab that is cleaned up in any case."""

from __future__ import annotations

import fnmatch
import time
from collections.abc import Callable, Mapping, Sequence

from pipeline.engine.podman_writer import PodmanWriter
from pipeline.errors import CapasError, HostUnsupported, UsageError
from pipeline.lean_dataclasses import dataclass
from pipeline.spec.experiments import OwnExperiment
from pipeline.verify import images, isolation, lifecycle, persistence
from pipeline.verify.databases import DATABASES, Database
from pipeline.verify.experiment import Claim, Experiment, ExperimentResult, Verdict
from pipeline.verify.lab import Lab
from pipeline.verify.notebook import Inconclusive, Refuted
from pipeline.verify.subject import ExperimentSubject
from pipeline.verify.sweep import sweep

EXPERIMENTS = (
    *images.EXPERIMENTS,
    *lifecycle.EXPERIMENTS,
    *persistence.EXPERIMENTS,
    *isolation.EXPERIMENTS,
)


@dataclass(frozen=True)
class Selected:
    """The experiments that are meant: on any image, the spec's own, and kinds of databases."""

    built_in: tuple[Experiment, ...]
    own: tuple[OwnExperiment, ...]
    databases: tuple[Database, ...]


def select(names: Sequence[str]) -> tuple[Experiment, ...]:
    """The experiments on any image that these names and patterns mean; all without one.

    Raises:
        UsageError: one means nothing.
    """
    return select_all(names, ()).built_in


def select_all(names: Sequence[str], own: Sequence[OwnExperiment]) -> Selected:
    """The built-in experiments and the spec's own that these names and patterns mean.

    Args:
        names: `users-*` means several; without one, all are meant.

    Raises:
        UsageError: one means nothing.
    """
    known = [one.name for one in own] + [one.name for one in (*EXPERIMENTS, *DATABASES)]
    if unknown := [name for name in names if not fnmatch.filter(known, name)]:
        raise UsageError(
            f"there is no experiment {', '.join(unknown)}",
            resolution=f"one of: {', '.join(known)}",
        )

    def meant(name: str) -> bool:
        return not names or any(fnmatch.fnmatchcase(name, pattern) for pattern in names)

    return Selected(
        tuple(e for e in EXPERIMENTS if meant(e.name)),
        tuple(e for e in own if meant(e.name)),
        tuple(e for e in DATABASES if meant(e.name)),
    )


def carry_out(
    experiments: Sequence[Experiment],
    api: PodmanWriter,
    subject: ExperimentSubject,
    environment: Mapping[str, str],
    tell: Callable[[Claim], object],
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
    verdict, reason = judged(lambda: experiment.body(lab), lab.clean)
    steps = tuple(lab.notebook.steps)
    return ExperimentResult(experiment, verdict, steps, reason, time.monotonic() - began)


def judged(body: Callable[[], None], clean: Callable[[], None]) -> tuple[Verdict, str]:
    """Carry out `body`; the verdict, and why; `clean` follows in any case."""
    try:
        body()
    except Refuted as refuted:
        return "refuted", str(refuted)
    except (Inconclusive, HostUnsupported) as unable:
        return "untried", str(unable)
    except CapasError as error:
        return "failed", str(error)
    finally:
        clean()
    return "held", ""
