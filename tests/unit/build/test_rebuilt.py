"""Bases that are built again, and what stands on them."""

from __future__ import annotations

from pipeline.build.predict import NOP, Forecast, parsed
from pipeline.build.rebuilt import Rebuilt
from pipeline.engine import labels
from pipeline.engine.build_cache import CacheImage, Past

BASE = ("localhost/base:1", "base:1")
LABEL = parsed('LABEL "identity"="of the base"')


def _image(*history: str, bases: str) -> CacheImage:
    config = {"Labels": {labels.BASES: bases}}
    return CacheImage(
        "i", (), "", "", "", (), (), tuple(Past(one) for one in history), config=config
    )


ON_IT = _image(
    f"{NOP}COPY a",
    f"{NOP}{LABEL.text}",
    f"{NOP}COPY b",
    bases="localhost/base:1=b1 localhost/x:1=x1",
)


def test_a_base_of_just_what_it_was_has_the_id_that_was_recorded() -> None:
    rebuilt = Rebuilt()
    rebuilt.add("base:1", LABEL, [])
    assert rebuilt.below(ON_IT, [BASE, ("localhost/x:1", "x:1")]) == {"base:1": "b1"}
    assert rebuilt.doubtful({"base:1": "b1"}) == {}


def test_a_base_of_something_else_or_that_nobody_recorded_is_another_one() -> None:
    rebuilt = Rebuilt()
    rebuilt.add("base:1", parsed('LABEL "identity"="another"'), [])
    assert rebuilt.below(ON_IT, [BASE]) == {}
    rebuilt.add("base:1", LABEL, [])
    assert rebuilt.below(_image(f"{NOP}{LABEL.text}", bases=""), [BASE]) == {}
    unlabelled = Rebuilt()
    unlabelled.add("base:1", None, [])
    assert unlabelled.below(ON_IT, [BASE]) == {}


def test_a_run_that_is_carried_out_leaves_a_doubt() -> None:
    rebuilt = Rebuilt()
    rebuilt.add("base:1", LABEL, [Forecast(0, 0, parsed("RUN make"), "reuse")])
    assert rebuilt.doubtful({"base:1": "b1"}) == {}
    rebuilt.add("base:1", LABEL, [Forecast(0, 0, parsed("RUN make"), "rebuild")])
    (doubt,) = rebuilt.doubtful({"base:1": "b1"}).values()
    assert "RUN make" in doubt
