from __future__ import annotations

import json
from pathlib import Path

from jsonschema import Draft202012Validator

from pipeline.layers.advice import advise
from pipeline.layers.budget import BudgetVerdict
from pipeline.layers.present import present_family
from pipeline.layers.present_advice import Advised, ImageAdvice, with_advice
from pipeline.output.render.report import rendered
from tests.unit.layers.builders import World, file, gone
from tests.unit.layers.test_advice import app, big, versions

SCHEMA = Path(__file__).parents[3] / "docs" / "report.schema.json"
COPY = "/bin/sh -c #(nop) COPY file:0123456789abcdef in /app "


def test_the_data_is_what_its_published_schema_says() -> None:
    world = World()
    base = world.image("localhost/base:1", ("RUN x", [file("x")]), ("ENV A=b", None))
    one = world.image("localhost/a:1", (COPY, [file("app/a", "1")]), base=base)
    two = world.image(
        "localhost/a:2",
        (COPY, [file("app/a", "2")]),
        ("RUN rm", [gone("app/a")]),
        base=base,
        config={"Env": ["A=c"]},
    )
    verdict = BudgetVerdict("a:2", "a:1", "min_shared_ratio", 0.5, 0.4, held=False)
    report = present_family(
        world.family(base, one, two), "t", world.lists, verdicts=(verdict,), files=3
    )
    proposal = advise("a", versions([app("1"), big()], [app("2"), big()]))
    assert proposal is not None
    data = json.loads(
        rendered(with_advice(report, [ImageAdvice("a", (Advised(proposal),))]), "json")
    )
    validator = Draft202012Validator(json.loads(SCHEMA.read_text()))
    Draft202012Validator.check_schema(validator.schema)
    assert [error.message for error in validator.iter_errors(data)] == []
    for part in ("versions", "layers", "comparisons", "matrix", "budgets", "advice"):
        assert data[part]
