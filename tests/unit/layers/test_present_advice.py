from __future__ import annotations

import pytest

from pipeline.layers.present_advice import ImageAdvice, with_advice
from pipeline.output.document import Report
from pipeline.output.render.report import rendered

NONE = "No other order or split of instructions would have shared more."


def told(*images: ImageAdvice) -> str:
    return " ".join(rendered(with_advice(Report("t", "s", ()), images), "text").split())


def test_what_was_looked_at_in_vain_is_said() -> None:
    assert told(ImageAdvice("web")).endswith(f"Advice {NONE}")


def test_what_could_not_be_looked_at_is_not_called_good() -> None:
    said = told(ImageAdvice("web", fits=False))
    assert NONE not in said
    assert "web was not looked at" in said
    assert NONE in told(ImageAdvice("web", fits=False), ImageAdvice("db"))


def test_nothing_to_compare_is_said() -> None:
    assert told().endswith("there is nothing to compare.")


@pytest.mark.parametrize("apart", [True, False])
def test_stages_apart_are_told_without_a_proposal_too(*, apart: bool) -> None:
    said = told(ImageAdvice("web", stages_apart=apart))
    assert ("Stages that web only copies from stay as they are" in said) == apart
