"""What is foreseen of a COPY from another stage or image, and of stages that are in doubt."""

from __future__ import annotations

import tarfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.build.context.digests import Digests
from pipeline.build.context.inputs import read_inputs
from pipeline.build.go_tar.go_tar_reader import CannotTell
from pipeline.build.go_tar.image_files import ImageFiles, ImageNode
from pipeline.build.plan.forecast import FROM, INHERITED, Forecast, Forecaster
from pipeline.build.plan.outcomes import UNSURE
from pipeline.engine.build_cache import CacheImage, Past
from pipeline.engine.generation import GENERATIONS, Generation
from pipeline.engine.tar_split import Kind, LayerFile
from pipeline.spec.model import Version
from tests.unit.build.forecasting import BASE, LABEL, NOP, STAMP, STORE, image

NONE = "no earlier result of it is in the store"
OLDEST, NEWEST = GENERATIONS[0], GENERATIONS[-1]


def forecaster(
    folder: Path,
    text: str,
    images: list[CacheImage] = STORE,
    generation: Generation = OLDEST,
    base: CacheImage | None = BASE,
) -> Forecaster:
    """One for a Containerfile on an image that has `f` of user 5, and a folder `d` with a file."""
    (folder / "a").write_text("a")
    (folder / "Containerfile").write_text(text)
    version = Version("web", "1", folder, folder / "Containerfile")
    inputs = read_inputs(version, Digests(None), inherits=generation.inherits)

    def node(path: str, kind: Kind = "file") -> ImageNode:
        mode = 0o755 if kind == "directory" else 0o644
        return ImageNode(LayerFile(path, kind, 1, mode, 5, 6, "", "0"), folder / "a")

    nodes = {"f": node("f"), "d": node("d", "directory"), "d/g": node("d/g")}
    bases: dict[str, CacheImage | None] = {"localhost/base:1": base}
    return Forecaster(
        inputs, [*images], bases, LABEL, STAMP, lambda _image: ImageFiles(nodes),
        generation=generation,
    )  # fmt: skip


def told(forecasts: tuple[Forecast, ...]) -> list[tuple[str, str]]:
    return [(one.state, one.reason) for one in forecasts]


def made(found: Forecaster) -> dict[str, tuple[int, int]]:
    """Paths and owners of what the last COPY makes, as the plan has them in thought."""
    found.all()
    files: list[Callable[[], ImageFiles]] = list(found.contents.values())
    nodes = files[-1]().nodes
    return {path: (one.file.uid, one.file.gid) for path, one in nodes.items()}


@pytest.mark.parametrize(
    ("line", "paths"),
    [
        ("COPY --from=localhost/base:1 /f /x", {"x": (5, 6)}),
        ("COPY --from=localhost/base:1 /f /x/", {"x": (0, 0), "x/f": (5, 6)}),
        ("COPY --from=localhost/base:1 /f /d/g /x/", {"x": (0, 0), "x/f": (5, 6), "x/g": (5, 6)}),
        ("COPY --from=localhost/base:1 /d /x", {"x": (0, 0), "x/g": (5, 6)}),
        ("COPY --from=localhost/base:1 --chown=7:8 /f /x/", {"x": (7, 8), "x/f": (7, 8)}),
        ("COPY a /x", {"x": (0, 0)}),
        ("ADD a /x/", {"x": (0, 0), "x/a": (0, 0)}),
        ("ENV A=1", {}),
    ],
)
def test_what_a_copy_makes_and_whose_it_is(
    tmp_path: Path, line: str, paths: dict[str, tuple[int, int]]
) -> None:
    found = forecaster(tmp_path, f"FROM scratch\n{line}\n")
    if line.startswith("ENV"):
        found.all()
        assert found.contents
        return
    got = made(found)
    assert {path: owner for path, owner in got.items() if path} == paths


def test_a_copy_of_an_image_that_is_there_is_known(tmp_path: Path) -> None:
    text = "FROM scratch\nCOPY --from=localhost/base:1 /f /x\n"
    found = forecaster(tmp_path, text).all()
    assert told(found) == [("reuse", ""), ("rebuild", ""), ("rebuild", "")]
    assert found[1].texts[0].startswith(f"{NOP}COPY file:")
    absent = forecaster(tmp_path, text, base=None).all()
    assert told(absent)[1] == ("rebuild", NONE)
    doubted = replace(forecaster(tmp_path, text), doubts={"localhost/base:1": "who knows"})
    assert told(doubted.all())[1] == ("rebuild", NONE)


@pytest.mark.parametrize(
    ("base", "doubts", "reason"),
    [
        (BASE, {"localhost/base:1": "who knows"}, "who knows"),
        (None, {}, "localhost/base:1 is not in the store yet"),
    ],
)
def test_why_the_files_of_an_image_are_not_known(
    tmp_path: Path, base: CacheImage | None, doubts: dict[str, str], reason: str
) -> None:
    old = image("o", Past(f"{NOP}COPY file:1 in /x ", STAMP), layers=("l9",))
    text = "FROM scratch\nCOPY --from=localhost/base:1 /f /x\n"
    found = replace(forecaster(tmp_path, text, [old], base=base), doubts=doubts)
    assert told(found.all())[1] == ("unknown", reason)


def test_a_stage_that_is_not_needed_is_left_out(tmp_path: Path) -> None:
    text = "FROM scratch AS unused\nRUN x\nFROM localhost/base:1\nRUN make\n"
    assert [one.stage for one in forecaster(tmp_path, text).all()] == [1, 1, 1]


def test_what_is_inherited_has_no_place_of_its_own(tmp_path: Path) -> None:
    base = replace(BASE, config={"OnBuild": ["RUN make", "COPY a /"]})
    found = forecaster(tmp_path, "FROM localhost/base:1\nENV A=1\nENV B=1\n", base=base).all()
    assert [one.place for one in found] == [FROM, INHERITED, INHERITED, 0, 1, 2]
    assert told(found)[2] == ("rebuild", NONE), "it reads a context that nobody knows"
    assert found[0].found == base


@pytest.mark.parametrize(("folder", "target"), [("/w", "/w/x"), ("", "/x")])
def test_a_base_says_where_relative_paths_begin(tmp_path: Path, folder: str, target: str) -> None:
    base = replace(BASE, config={"WorkingDir": folder})
    found = forecaster(tmp_path, "FROM localhost/base:1\nCOPY a x\n", base=base)
    assert target.removeprefix("/") in made(found)


def test_a_copy_of_a_stage_on_what_is_not_there_is_made_anew(tmp_path: Path) -> None:
    """And twice the same line from it is not taken for one result."""
    text = (
        "FROM localhost/other:1 AS s\nRUN make\nFROM localhost/base:1\nCOPY --from=s /f /x\n"
        "COPY --from=s /f /x\n"
    )
    found = forecaster(tmp_path, text).all()
    assert told(found)[3:5] == [("rebuild", NONE)] * 2
    assert found[3].texts == ()


def test_on_a_stage_that_may_be_found_or_made_a_from_is_not_sure(tmp_path: Path) -> None:
    old = image("o", *BASE.history, Past(f"{NOP}COPY file:1 in / ", STAMP), layers=("l1", "l5"))
    text = (
        "FROM localhost/base:1 AS s\nRUN new\nFROM localhost/base:1 AS t\nCOPY --from=s /x /\n"
        "FROM t\nRUN make\n"
    )
    found = forecaster(tmp_path, text, [*STORE, old]).all()
    why = "a RUN runs again, perhaps with the same files"
    assert told(found) == [
        ("reuse", ""), ("rebuild", ""), ("reuse", ""), ("unknown", why),
        ("unknown", UNSURE), ("rebuild", ""), ("rebuild", ""),
    ]  # fmt: skip
    assert found[4].found is None


def test_a_refused_flag_is_told(tmp_path: Path) -> None:
    old = image("o", Past(f"{NOP}COPY file:1 in / ", STAMP), layers=("l9",))
    text = "FROM scratch\nCOPY --chmod=u+x a /\n"
    (_, copied, _) = forecaster(tmp_path, text, [old]).all()
    assert copied.state == "unknown"
    assert copied.reason == "--chmod=u+x is not an octal number"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("RUN make", "a RUN runs again, perhaps with the same files"),
        ("COPY <<E /x\nhello\nE", "a heredoc is written again"),
    ],
)
def test_what_is_carried_out_anew_has_files_that_nobody_knows(
    tmp_path: Path, line: str, reason: str
) -> None:
    old = image("o", Past(f"{NOP}COPY file:1 in /y|force-mtime=0", STAMP), layers=("l9",))
    found = forecaster(tmp_path, f"FROM scratch AS s\n{line}\n", [old], NEWEST)
    found.all()
    (files,) = [one for top, one in found.contents.items() if top == "made 1"]
    with pytest.raises(Exception, match=reason):
        files()


def test_without_the_cache_no_doubt_is_told(tmp_path: Path) -> None:
    found = forecaster(tmp_path, "FROM localhost/base:1\nRUN make\n")
    doubted = replace(found, doubts={"localhost/base:1": "who knows"}, cache=False)
    assert told(doubted.all()) == [("rebuild", ""), ("rebuild", ""), ("rebuild", "")]


def test_a_word_that_buildah_refuses_is_told_with_the_reason(tmp_path: Path) -> None:
    old = image("o", Past(f"{NOP}ENV A=1", STAMP, empty=True), layers=())
    (_, env, _) = forecaster(tmp_path, "FROM scratch\nENV A=${\n", [old]).all()
    assert env.reason == "${: `${` goes on neither with } nor with :- or :+"


def test_only_add_unpacks(tmp_path: Path) -> None:
    (tmp_path / "inner").write_text("i")
    with tarfile.open(tmp_path / "t.tar", "w") as archive:
        archive.add(tmp_path / "inner", "inner")
    copied = made(forecaster(tmp_path, "FROM scratch\nCOPY t.tar /x/\n"))
    assert {one for one in copied if one} == {"x", "x/t.tar"}
    with pytest.raises(CannotTell, match=r"t\.tar is unpacked again"):
        made(forecaster(tmp_path, "FROM scratch\nADD t.tar /x/\n"))
    texts = [
        forecaster(tmp_path, f"FROM scratch\n{one} t.tar /x/\n").all()[1].texts[0].split()[4]
        for one in ("COPY", "ADD")
    ]
    assert texts[0] != texts[1]


def test_a_stage_of_settings_alone_has_no_files(tmp_path: Path) -> None:
    text = "FROM scratch AS s\nENV A=1\nFROM scratch\nCOPY --from=s /a /\n"
    assert told(forecaster(tmp_path, text).all())[3] == ("rebuild", NONE)


def test_a_heredoc_is_known_by_its_text(tmp_path: Path) -> None:
    texts = [
        forecaster(tmp_path, f"FROM scratch\nCOPY <<E /x\n{said}\nE\n", [], NEWEST).all()[1].texts
        for said in ("one", "two", "one")
    ]
    assert texts[0] == texts[2] != texts[1]
    assert all(text.startswith(f"{NOP}COPY ") for text in texts[0])


def test_without_being_told_the_newest_generation_builds(tmp_path: Path) -> None:
    known = forecaster(tmp_path, "FROM scratch\nENV A=1\n")
    plain = Forecaster(known.inputs, [], known.bases, LABEL, STAMP, known.files_of)
    assert (plain.generation, plain.cache) == (NEWEST, True)
