"""Images of elsewhere that versions build on: which are pulled, and what is planned on them."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.build.observe.survey import pulls_of
from pipeline.engine.build_cache import CacheImage, Past
from pipeline.errors import EngineError
from tests.unit.build.planning import Planned, lines

BASE = "FROM scratch\nCOPY a /a\n"
WEB = "# a comment\nFROM base:1\nENV A=1\nCOPY main.py /app/\n"
NOP = "/bin/sh -c #(nop) "


@pytest.mark.parametrize(
    ("text", "pull", "there", "pulls"),
    [
        ("FROM elsewhere:1\n", "missing", (), ("elsewhere:1",)),
        ("FROM elsewhere:1\n", "missing", ("docker.io/library/elsewhere:1",), ()),
        ("FROM elsewhere:1\n", "always", ("docker.io/library/elsewhere:1",), ("elsewhere:1",)),
        ("FROM base:1\n", "always", (), ()),
        ("FROM base:1\nCOPY --from=x:1 /a /\nCOPY --from=x:1 /b /\n", "missing", (), ("x:1",)),
    ],
)
def test_what_is_of_elsewhere_is_pulled(
    tmp_path: Path, text: str, pull: str, there: tuple[str, ...], pulls: tuple[str, ...]
) -> None:
    planned = Planned(tmp_path, {"base:1": "FROM scratch\nENV A=1\n", "web:1": text})
    planned.changes = {"pull": pull}
    planned.images = [
        CacheImage(name, (name,), "", "l", "", (), ("l",), (Past("x"),)) for name in there
    ]
    assert pulls_of(planned.survey()) == pulls
    assert planned.plan().pulls == pulls


def test_an_image_of_elsewhere_is_built_on(tmp_path: Path) -> None:
    planned = Planned(tmp_path, {"web:1": "FROM elsewhere:1\nENV A=1\n"})
    plan = planned.plan()
    assert lines(plan)[0] == ("rebuild", "elsewhere:1 is new")
    name = "docker.io/library/elsewhere:1"
    planned.images = [CacheImage("e", (name,), "", "l", "", (), ("l",), (Past("x"),))]
    plan = planned.plan()
    assert plan.versions[0].instructions[0].image == "e"
    assert lines(plan)[1] == ("rebuild", "never built here")


def test_a_missing_base_that_must_not_be_pulled_is_refused_by_plan_and_build(
    tmp_path: Path,
) -> None:
    planned = Planned(tmp_path, {"web:1": "FROM elsewhere:1\n"})
    planned.changes = {"pull": "never"}
    with pytest.raises(EngineError, match="web:1 builds on elsewhere:1") as raised:
        pulls_of(planned.survey())
    assert raised.value.resolution == "podman pull elsewhere:1"
