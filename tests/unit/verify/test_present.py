"""What experiments found, as text and as data."""

from __future__ import annotations

from pipeline.output.render.report import rendered
from pipeline.verify.experiment import Experiment, ExperimentResult
from pipeline.verify.notebook import ExperimentStep
from pipeline.verify.present import as_data, present_results

HELD = Experiment("alone", "Alone", "It is alone.", lambda _lab: None)
STEPS = (ExperimentStep("do", "look around"), ExperimentStep("see", "others", "0", "0"))


def test_a_result_for_machines_has_every_word_and_rounded_seconds() -> None:
    assert as_data(ExperimentResult(HELD, "refuted", STEPS, "why", 1.23456)) == {
        "name": "alone",
        "title": "Alone",
        "claim": "It is alone.",
        "verdict": "refuted",
        "reason": "why",
        "seconds": 1.23,
        "steps": [
            {"kind": "do", "text": "look around", "expected": "", "found": ""},
            {"kind": "see", "text": "others", "expected": "0", "found": "0"},
        ],
    }


def test_what_was_done_and_seen_stands_above_the_verdict() -> None:
    told = rendered(present_results([ExperimentResult(HELD, "held", STEPS)], "a"), "md")
    assert "- Look around\n- → others: 0\n" in told
    assert told.rstrip().endswith("held")
    assert "held:" not in told
    bare = present_results([ExperimentResult(HELD, "untried", (), "no cgroup")], "a")
    told = rendered(bare, "md")
    assert "- " not in told.partition("## Alone")[2]
    assert told.rstrip().endswith("cannot be tried here: no cgroup")
