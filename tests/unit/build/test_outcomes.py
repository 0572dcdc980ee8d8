"""What is foreseen where it cannot be told what an instruction will bring."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from pipeline.build.go_tar.image_files import ImageFiles
from pipeline.engine.build_cache import Past
from tests.unit.build.forecasting import BASE, NOP, STAMP, STORE, forecasts, image, states

FROM_NEW = "FROM localhost/base:1 AS b\nRUN new\nFROM localhost/base:1\nCOPY --from=b /x /\n"
COPIED = image("c", *BASE.history, Past(f"{NOP}COPY file:1 in / ", STAMP), layers=("l1", "l5"))
MADE = image("m", *COPIED.history, Past("/bin/sh -c make", STAMP), layers=("l1", "l5", "l6"))


def test_a_copy_from_a_stage_that_is_built_anew_is_not_known(tmp_path: Path) -> None:
    """As long as something in the store may be its result; what follows may depend on that."""
    images = [*STORE, COPIED, MADE]
    assert states(forecasts(tmp_path, f"{FROM_NEW}RUN make\nRUN more\n", images)) == [
        "reuse",
        "rebuild",
        "reuse",
        "unknown",
        "unknown",
        "rebuild",
        "rebuild",
    ]
    assert states(forecasts(tmp_path, FROM_NEW, [*STORE]))[3:] == ["rebuild"] * 2
    elsewhere = [*STORE, replace(COPIED, history=(Past("other", STAMP), COPIED.history[-1]))]
    assert states(forecasts(tmp_path, FROM_NEW, elsewhere))[3:] == ["rebuild"] * 2


def test_what_an_uncertain_build_may_make_is_not_known_to_the_next_one(tmp_path: Path) -> None:
    """The first one makes the second's `RUN more` only if it finds that its COPY is the old one."""
    (tmp_path / "x").write_text("x")
    images = [*STORE, COPIED, MADE]
    assert states(forecasts(tmp_path, f"{FROM_NEW}RUN more\n", images))[4] == "rebuild"
    text = "FROM localhost/base:1\nCOPY x /\n"
    (_, copied, *_) = forecasts(tmp_path, text, [*STORE])
    old = replace(COPIED, history=(*BASE.history, Past(copied.texts[0], STAMP)))
    images = [*STORE, old]
    forecasts(tmp_path, f"{FROM_NEW}RUN more\nRUN last\n", images)
    assert states(forecasts(tmp_path, f"{text}RUN more\nRUN last\nRUN other\n", images)) == [
        "reuse",
        "reuse",
        "unknown",
        "unknown",
        "rebuild",
        "rebuild",
    ]


def test_what_one_build_copies_of_unknown_files_an_equal_one_finds(tmp_path: Path) -> None:
    images, contents = [*STORE], dict[str, Callable[[], ImageFiles]]()
    first, second, third = (
        states(forecasts(tmp_path, text, images, contents=contents))
        for text in (FROM_NEW, FROM_NEW, FROM_NEW.replace("/x /", "/y /"))
    )
    assert first.count("rebuild") == 3
    assert set(second) == {"reuse"}
    assert third == ["reuse", "reuse", "reuse", "unknown", "unknown"]
    (tmp_path / "x").write_text("x")
    plain = "FROM localhost/base:1\nCOPY x /\n"
    assert states(forecasts(tmp_path, plain, images)) == ["reuse", "unknown", "unknown"]


def test_an_equal_build_finds_whatever_the_one_before_found_or_made(tmp_path: Path) -> None:
    images, contents = [*STORE, COPIED, MADE], dict[str, Callable[[], ImageFiles]]()
    for _ in range(2):
        found = states(forecasts(tmp_path, f"{FROM_NEW}RUN make\n", images, contents=contents))
    assert set(found) == {"reuse"}
    text = f"{FROM_NEW}RUN other\n"
    found = states(forecasts(tmp_path, text, images, contents=contents))
    assert found == ["reuse"] * 4 + ["rebuild"] * 2
