"""Buildah's cache search, rule by rule."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.build.context.digests import Digests
from pipeline.build.context.inputs import read_inputs
from pipeline.build.go_tar.image_files import ImageFiles
from pipeline.build.plan.cache_lookup import Foundation, Wanted, search
from pipeline.build.plan.forecast import Forecaster
from pipeline.engine.build_cache import CacheImage, Past
from pipeline.engine.generation import GENERATIONS, generation_of
from pipeline.spec.model import Version
from tests.unit.build.forecasting import (
    BASE,
    LABEL,
    NOP,
    RUN,
    STAMP,
    STORE,
    forecasts,
    image,
    states,
)

OLDEST, NEWEST = GENERATIONS[0], GENERATIONS[-1]
WANTED = Wanted(Foundation.of(BASE), ["/bin/sh -c make"], adds_layer=True)


@pytest.mark.parametrize(
    "candidate",
    [
        replace(RUN, oci=False),
        replace(RUN, below="other"),
        replace(RUN, history=(Past("base", "2024-01-01T00:00:00Z"), RUN.history[1])),
        replace(RUN, history=(Past("base", STAMP, comment="FROM x"), RUN.history[1])),
        replace(RUN, history=(*RUN.history, Past("more"))),
        replace(RUN, diff_ids=("l0", "l2")),
        replace(RUN, history=(RUN.history[0], Past("/bin/sh -c make all"))),
    ],
)
def test_an_image_that_differs_in_one_thing_is_not_taken(candidate: CacheImage) -> None:
    for generation in GENERATIONS:
        assert search([RUN], WANTED, generation) is RUN
        assert search([candidate], WANTED, generation) is None


def test_the_first_in_the_store_wins_or_since_1_41_the_newest() -> None:
    other = replace(RUN, id="other", history=(RUN.history[0], Past("/bin/sh -c make", "later")))
    assert search([other, RUN], WANTED, OLDEST) is other
    assert search([other, RUN], WANTED, NEWEST) is RUN
    newer = replace(other, created="2024-01-01T00:00:00.5Z")
    older = replace(RUN, created="2024-01-01T00:00:00Z")
    assert search([newer, older], WANTED, NEWEST) is newer


def test_an_image_of_another_platform_is_passed_over_since_1_41() -> None:
    arm = replace(RUN, id="arm", platform="linux/arm64")
    wanted = replace(WANTED, platform="linux/amd64")
    assert search([arm], wanted, OLDEST) is arm
    assert search([arm], wanted, NEWEST) is None
    assert search([replace(arm, platform="linux/amd64")], wanted, NEWEST) is not None


def test_after_the_first_miss_nothing_is_looked_for(tmp_path: Path) -> None:
    text = "FROM localhost/base:1\nRUN make\nENV A=1\n"
    assert states(forecasts(tmp_path, text, [*STORE])) == ["reuse"] * 3 + ["rebuild"]
    text = "FROM localhost/base:1\nENV A=1\nRUN make\n"
    assert states(forecasts(tmp_path, text, [*STORE])) == ["reuse"] + ["rebuild"] * 3


def test_an_argument_is_part_of_a_run_but_not_of_its_own_line(tmp_path: Path) -> None:
    text = "FROM localhost/base:1\nARG C=1\nENV A=$C\nRUN make\n"
    images = [*STORE]
    forecasts(tmp_path, text, images)
    again = forecasts(tmp_path, text, images, C="2")
    assert [one.texts[0] for one in again[1:5]] == [
        f"{NOP}ARG C",
        f'{NOP}LABEL "io.github.capas.arguments"="C=2"',
        f"{NOP}ENV A=$C",
        "|1 C=2 /bin/sh -c make",
    ]
    assert states(again) == ["reuse", "reuse", *["rebuild"] * 4]


STAGED = "FROM localhost/base:1 AS b\nARG C=1\nARG D=$C\nFROM b\nRUN make\nARG E=2\n"


@pytest.mark.parametrize(
    ("version", "run", "arg"),
    [
        ((1, 39, 3), "/bin/sh -c make", "ARG E"),
        ((1, 41, 0), "|2 C=2 D=$C /bin/sh -c make", "ARG C D E"),
        ((1, 43, 2), "|2 C=2 D=1 /bin/sh -c make|force-mtime=0", "ARG C D E|force-mtime=0"),
    ],
)
def test_the_arguments_of_the_stage_below_are_in_the_history_since_1_41(
    tmp_path: Path, version: tuple[int, ...], run: str, arg: str
) -> None:
    foreseen = forecasts(tmp_path, STAGED, [*STORE], generation_of(version), C="2")
    assert [one.texts[0] for one in foreseen[6:8]] == [run, f"{NOP}{arg}"]
    label = foreseen[8].instruction.text
    assert label == 'LABEL "io.github.capas.arguments"="E=2"'


def test_what_one_build_makes_the_next_of_the_run_finds(tmp_path: Path) -> None:
    text = "FROM localhost/base:1\nRUN something new\n"
    images = [*STORE]
    assert states(forecasts(tmp_path, text, images)) == ["reuse", "rebuild", "rebuild"]
    assert states(forecasts(tmp_path, text, images)) == ["reuse"] * 3


def test_a_base_that_is_not_there_yet_rebuilds_everything(tmp_path: Path) -> None:
    text = "FROM localhost/other:1\nRUN make\n"
    assert states(forecasts(tmp_path, text, [*STORE])) == ["rebuild"] * 3


def test_what_the_base_kept_for_later_comes_first(tmp_path: Path) -> None:
    base = replace(BASE, config={"OnBuild": ["RUN make"]})
    (tmp_path / "Containerfile").write_text("FROM localhost/base:1\nENV A=1\n")
    version = Version("web", "1", tmp_path, tmp_path / "Containerfile")
    inputs = read_inputs(version, Digests(None))
    bases: dict[str, CacheImage | None] = {"localhost/base:1": base}
    forecaster = Forecaster(
        inputs,
        [*STORE],
        bases,
        LABEL,
        STAMP,
        lambda _image: ImageFiles({}),
        generation=OLDEST,
    )
    texts = [one.instruction.text for one in forecaster.all()]
    assert texts == ["FROM localhost/base:1", "RUN make", "ENV A=1", 'LABEL "x"="y"']


def test_a_step_whose_image_was_removed_is_made_again_as_it_was(tmp_path: Path) -> None:
    """Only the image of the step is gone; an image that was built on it holds its layer."""
    above = image("above", *RUN.history, Past("/bin/sh -c more", STAMP), layers=("l1", "l2", "l3"))
    above = replace(above, layers=(("id3", 1), ("id2", 1), ("l1", 1)), top="id3", below="id2")
    images = [BASE, above]
    text = "FROM localhost/base:1\nRUN make\n"
    assert states(forecasts(tmp_path, text, images)) == ["reuse", "rebuild", "rebuild"]
    made = images[2]
    assert (made.top, made.diff_ids) == ("id2", ("l1", "l2"))


def test_a_removed_step_is_known_by_any_text_that_it_may_have(tmp_path: Path) -> None:
    """A file that is copied gets its own name or the destination's: only the image knows."""
    (tmp_path / "a").write_text("a")
    text = "FROM localhost/base:1\nCOPY a /b\n"
    (_, copied, _) = forecasts(tmp_path, text, [BASE])
    for number in range(2):
        past = Past(copied.texts[number], STAMP)
        above = image("x", *BASE.history, past, Past("more"), layers=("l1", "l2", "l3"))
        above = replace(above, layers=(("id3", 1), ("id2", 1), ("l1", 1)), top="id3", below="id2")
        images = [BASE, above]
        assert states(forecasts(tmp_path, text, images)) == ["reuse", "rebuild", "rebuild"]
        assert (images[2].history[-1], images[2].top) == (past, "id2")


def _forecaster(tmp_path: Path, text: str) -> Forecaster:
    (tmp_path / "Containerfile").write_text(text)
    version = Version("web", "1", tmp_path, tmp_path / "Containerfile")
    inputs = read_inputs(version, Digests(None))
    bases: dict[str, CacheImage | None] = {"localhost/base:1": BASE}
    return Forecaster(
        inputs,
        [*STORE],
        bases,
        LABEL,
        STAMP,
        lambda _image: ImageFiles({}),
        generation=OLDEST,
    )


def test_on_a_base_in_doubt_nothing_is_known(tmp_path: Path) -> None:
    forecaster = _forecaster(tmp_path, "FROM localhost/base:1\nRUN make\n")
    doubted = replace(forecaster, doubts={"localhost/base:1": "who knows"})
    assert [(one.state, one.reason) for one in doubted.all()] == [("unknown", "who knows")] * 3


def test_labels_whose_values_are_not_known_are_unknown_where_everything_else_is_found(
    tmp_path: Path,
) -> None:
    found = replace(_forecaster(tmp_path, "FROM localhost/base:1\nRUN make\n"), label=None)
    assert states(found.all()) == ["reuse", "reuse", "rebuild"]
    for version, state in (("1", "unknown"), ("2", "rebuild")):
        text = f'{NOP}LABEL "io.github.capas.version"="{version}"'
        labelled = image("x", *RUN.history, Past(text, STAMP, empty=True), layers=("l1", "l2"))
        again = replace(found, images=[*STORE, labelled])
        assert states(again.all()) == ["reuse", "reuse", state]
    new = replace(_forecaster(tmp_path, "FROM localhost/base:1\nRUN new\n"), label=None)
    assert states(new.all()) == ["reuse", "rebuild", "rebuild"]


def test_a_mode_that_buildah_will_refuse_is_no_crash(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a")
    forecaster = _forecaster(tmp_path, "FROM scratch\nCOPY --chmod=u+x a /\n")
    assert states(forecaster.all()) == ["reuse", "rebuild", "rebuild"]


def test_without_the_cache_nothing_is_taken(tmp_path: Path) -> None:
    forecaster = _forecaster(tmp_path, "FROM localhost/base:1\nRUN make\n")
    assert states(replace(forecaster, cache=False).all()) == ["reuse", "rebuild", "rebuild"]


def test_the_files_of_a_stage_that_only_copies_are_known_before_it_is_built(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a")
    text = (
        "FROM scratch AS s\nCOPY a /d/\nFROM localhost/base:1\nCOPY --from=s /d /x/\n"
        "COPY --from=s /d/a /y\n"
    )
    foreseen = forecasts(tmp_path, text, [*STORE])
    assert states(foreseen) == ["reuse", "rebuild", "reuse", "rebuild", "rebuild", "rebuild"]
    assert [one.texts[0].split(":")[0] for one in foreseen[3:5]] == [
        f"{NOP}COPY dir",
        f"{NOP}COPY file",
    ]


@pytest.mark.parametrize(
    ("platform", "state"),
    [("linux/arm64", "reuse"), ("linux/arm64/v8", "reuse"), ("linux/arm", "rebuild"),
     ("$PLATFORM", "reuse")],
)  # fmt: skip
def test_a_result_is_of_the_platform_that_is_built_for(
    tmp_path: Path, platform: str, state: str
) -> None:
    text = f"ARG PLATFORM=x\nFROM --platform={platform} localhost/base:1\nRUN make\n"
    by = "/bin/sh -c make|force-mtime=0"
    arm = replace(RUN, platform="linux/arm64", history=(RUN.history[0], Past(by, STAMP)))
    assert states(forecasts(tmp_path, text, [BASE, arm], NEWEST))[:2] == ["reuse", state]


def test_a_folder_that_a_copy_makes_belongs_to_whom_its_flag_names(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a")
    for flag, owner in (("", (0, 0)), ("--chown=7:8 ", (7, 8))):
        forecaster = _forecaster(tmp_path, f"FROM scratch\nCOPY {flag}a /d/\n")
        forecaster.all()
        (made, *_) = [files().nodes for files in forecaster.contents.values()]
        assert {(one.file.uid, one.file.gid) for one in made.values()} == {owner}


@pytest.mark.parametrize(
    ("line", "version", "text"),
    [
        ("ENV A=1", (1, 40), f"{NOP}ENV A=1"),
        ("ENV A=1", (1, 41), f"{NOP}ENV A=1"),
        ("ENV A=1", (1, 41, 3), f"{NOP}ENV A=1|force-mtime=0"),
        ("RUN make", (1, 43, 2), "/bin/sh -c make|force-mtime=0"),
        ("RUN <<E\nmake it\nE", (1, 28, 2), "/bin/sh -c <<E"),
        ("RUN <<E\nmake it\nE", (1, 39, 3), "/bin/sh -c <<E\nmake it"),
        ("ARG C=1\nRUN <<E\nmake it\nE", (1, 39, 3), "|1 C=1 /bin/sh -c <<E"),
        ("ARG C=1\nRUN <<E\nmake it\nE", (1, 40), "|1 C=1 /bin/sh -c <<E\nmake it"),
        (
            "RUN --mount=type=bind,target=/x make",
            (1, 38),
            "/bin/sh -c --mount=type=bind,target=/x make",
        ),
        ("RUN --mount=type=bind,target=/x make", (1, 39), None),
        (
            "RUN --mount=type=tmpfs,target=/x make",
            (1, 39),
            "/bin/sh -c --mount=type=tmpfs,target=/x make",
        ),
    ],
)
def test_each_generation_writes_history_in_its_own_way(
    tmp_path: Path, line: str, version: tuple[int, ...], text: str | None
) -> None:
    text_of = f"FROM localhost/base:1\n{line}\n"
    foreseen = forecasts(tmp_path, text_of, [*STORE], generation_of(version))
    meant = next(one for one in foreseen if one.instruction.keyword in ("ENV", "RUN"))
    assert meant.texts == ((text,) if text else ())


def test_a_copy_ends_with_spaces_and_the_time_since_1_41(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a")
    text = "FROM scratch\nCOPY --link a /b/\n"
    found = {
        version: forecasts(tmp_path, text, [], generation_of(version))[1].texts[0]
        for version in ((1, 40), (1, 41), (1, 41, 1), (1, 41, 2))
    }
    digest = found[1, 40].split()[4]
    assert found[1, 40] == f"{NOP}COPY {digest} in /b/ "
    assert found[1, 41] == f"{NOP}COPY --link {digest} in /b/    "
    assert found[1, 41, 1] == f"{NOP}COPY --link {digest} in /b/     |force-mtime=0 "
    assert found[1, 41, 2] != found[1, 41, 1], "names of owners do not count any more"
