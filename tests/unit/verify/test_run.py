from __future__ import annotations

from typing import cast

import pytest

from pipeline.errors import EngineError, UsageError
from pipeline.verify.experiment import Experiment
from pipeline.verify.lab import Lab
from pipeline.verify.notebook import ExperimentStep, Inconclusive, Notebook, Refuted
from pipeline.verify.present import as_data, present_results
from pipeline.verify.run import EXPERIMENTS, examine, select


class FakeLab:
    """Only a notebook, and whether it was cleaned."""

    def __init__(self) -> None:
        self.notebook = Notebook()
        self.do, self.see = self.notebook.do, self.notebook.see
        self.cleaned = False

    def clean(self) -> None:
        self.cleaned = True


def run(body: object) -> tuple[FakeLab, object]:
    lab = FakeLab()
    experiment = Experiment("name", "Title", "Claim.", body)  # type: ignore[arg-type]
    return lab, examine(experiment, cast("Lab", lab))


def held(lab: Lab) -> None:
    lab.do("something")
    lab.see("a number", expected=1, found=1)


def refuted(lab: Lab) -> None:
    held(lab)
    lab.see("a word", expected="yes", found="no")
    raise AssertionError("it went on after the contradiction")


def untriable(lab: Lab) -> None:
    raise Inconclusive("no cgroup")


def broken(lab: Lab) -> None:
    raise EngineError("Podman refused")


@pytest.mark.parametrize(
    ("body", "verdict", "reason", "passed"),
    [
        (held, "held", "", True),
        (refuted, "refuted", "a word: expected yes, found no", False),
        (untriable, "untried", "no cgroup", True),
        (broken, "failed", "Podman refused", False),
    ],
)
def test_what_happens_in_an_experiment_becomes_its_verdict(
    body: object, verdict: str, reason: str, passed: bool
) -> None:
    lab, result = run(body)
    data = as_data(result)  # type: ignore[arg-type]
    assert (data["verdict"], data["reason"]) == (verdict, reason)
    assert result.passed is passed  # type: ignore[attr-defined]
    assert lab.cleaned


def test_an_interruption_goes_on_after_cleaning() -> None:
    def interrupted(lab: Lab) -> None:
        raise KeyboardInterrupt

    lab = FakeLab()
    with pytest.raises(KeyboardInterrupt):
        examine(Experiment("n", "T", "C.", interrupted), cast("Lab", lab))
    assert lab.cleaned


def test_a_contradiction_is_written_down_before_it_ends_the_experiment() -> None:
    notebook = Notebook()
    notebook.see("one", expected="a", found="a")
    with pytest.raises(Refuted, match="two: expected a, found b"):
        notebook.see("two", expected="a", found="b")
    assert notebook.steps[-1] == ExperimentStep("see", "two", "a", "b")
    assert [step.contradicts for step in notebook.steps] == [False, True]


def test_experiments_are_chosen_by_name_in_their_own_order() -> None:
    assert select(()) == EXPERIMENTS
    assert [e.name for e in select(["replicas", "immutable"])] == ["immutable", "replicas"]
    with pytest.raises(UsageError) as caught:
        select(["nothing"])
    assert "immutable" in caught.value.resolution


def test_every_experiment_has_a_name_of_its_own_and_a_sentence() -> None:
    assert len({e.name for e in EXPERIMENTS}) == len(EXPERIMENTS)
    assert all(e.claim.endswith(".") for e in EXPERIMENTS)


def test_the_report_says_how_many_held_and_what_was_seen() -> None:
    results = [run(body)[1] for body in (held, refuted, untriable)]
    report = present_results(results, "localhost/web:1")  # type: ignore[arg-type]
    assert report.lead == (
        "3 experiments with real containers of localhost/web:1: "
        "1 held, 1 refuted, 1 cannot be tried here."
    )
    assert "a word: no, but yes was expected" in str(report.parts)
    assert [e["verdict"] for e in report.data["experiments"]] == ["held", "refuted", "untried"]
    (alone,) = [run(broken)[1]]
    assert present_results([alone], "a").lead == (  # type: ignore[list-item]
        "One experiment with real containers of a: 1 could not be carried out."
    )
