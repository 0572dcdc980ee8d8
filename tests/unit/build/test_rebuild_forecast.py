"""Bases that are built again, and what stands on them."""

from __future__ import annotations

from pipeline.build.plan.created_by import NOP
from pipeline.build.plan.forecast import Forecast, parsed
from pipeline.build.plan.rebuild_forecast import Rebuilt
from pipeline.engine import labels
from pipeline.engine.build_cache import CacheImage, Past
from pipeline.engine.generation import GENERATIONS

BASE = ("localhost/base:1", "base:1")
STAMP = "1970-01-01T00:00:00Z"
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
    rebuilt = Rebuilt(GENERATIONS[0])
    rebuilt.add("base:1", LABEL, [], STAMP)
    assert rebuilt.below(ON_IT, [BASE, ("localhost/x:1", "x:1")]) == {"base:1": "b1"}
    assert rebuilt.doubtful({"base:1": "b1"}) == {}


def test_a_base_of_something_else_or_that_nobody_recorded_is_another_one() -> None:
    rebuilt = Rebuilt(GENERATIONS[0])
    rebuilt.add("base:1", parsed('LABEL "identity"="another"'), [], STAMP)
    assert rebuilt.below(ON_IT, [BASE]) == {}
    rebuilt.add("base:1", LABEL, [], STAMP)
    assert rebuilt.below(_image(f"{NOP}{LABEL.text}", bases=""), [BASE]) == {}
    unlabelled = Rebuilt(GENERATIONS[0])
    unlabelled.add("base:1", None, [], STAMP)
    assert unlabelled.below(ON_IT, [BASE]) == {}


def test_a_run_that_is_carried_out_leaves_a_doubt() -> None:
    rebuilt = Rebuilt(GENERATIONS[0])
    rebuilt.add("base:1", LABEL, [Forecast(0, 0, parsed("RUN make"), "reuse")], STAMP)
    assert rebuilt.doubtful({"base:1": "b1"}) == {}
    rebuilt.add("base:1", LABEL, [Forecast(0, 0, parsed("RUN make"), "rebuild")], STAMP)
    (doubt,) = rebuilt.doubtful({"base:1": "b1"}).values()
    assert "RUN make" in doubt


def test_what_an_older_buildah_wrote_comes_out_as_another_image() -> None:
    rebuilt = Rebuilt(GENERATIONS[-1])
    rebuilt.add("base:1", LABEL, [], STAMP)
    assert rebuilt.below(ON_IT, [BASE]) == {}
    now = _image(f"{NOP}{LABEL.text}|force-mtime=0", bases="localhost/base:1=b1")
    assert rebuilt.below(now, [BASE]) == {"base:1": "b1"}
