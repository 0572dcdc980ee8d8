"""Why an instruction is not taken from the store, in plain words."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.build.context.digests import Digests
from pipeline.build.context.inputs import File, read_inputs
from pipeline.build.plan.cache_lookup import Foundation
from pipeline.build.plan.explain import OTHER_BUILDAH, LastBuild, OldLayer, cause_of, file_changes
from pipeline.build.plan.forecast import Forecast
from pipeline.engine.build_cache import CacheImage, Past
from pipeline.engine.tar_split import LayerFile
from pipeline.spec.model import Version

NOP = "/bin/sh -c #(nop) "
STAMP = "1970-01-01T00:00:00Z"
OLD_DIGEST = hashlib.sha256(b"old").hexdigest()
NEW_DIGEST = hashlib.sha256(b"new").hexdigest()


FILE = File("src/run.sh", "file", 0o755, OLD_DIGEST)


def _layer_file(path: str, mode: int = 0o644) -> LayerFile:
    return LayerFile(path, "file", 3, mode, 0, 0, "crc", "0")


def _before(*by: str, files: tuple[LayerFile, ...] = ()) -> LastBuild:
    image = CacheImage("i", (), "", "", "", (), (), tuple(Past(one) for one in by))
    return LastBuild(image, lambda _index: OldLayer(files, lambda _path: OLD_DIGEST))


def _cause(tmp_path: Path, text: str, now: str, before: LastBuild | None) -> str:
    (tmp_path / "main.py").write_text("new")
    (tmp_path / "Containerfile").write_text(f"FROM scratch\n{text}\n")
    inputs = read_inputs(Version("w", "1", tmp_path, tmp_path / "Containerfile"), Digests(None))
    below = Foundation(history=(Past("base"),))
    forecast = Forecast(0, 0, inputs.stages[0].instructions[0], "rebuild", (now,), below)
    return cause_of(forecast, inputs, before, STAMP)


@pytest.mark.parametrize(
    ("text", "now", "before", "cause"),
    [
        ("CMD x", f"{NOP}CMD x", None, "never built here"),
        ("CMD x", f"{NOP}CMD x", _before("other"), "it is built on another image than last time"),
        ("CMD x", f"{NOP}CMD x", _before("base"), "a new instruction"),
        (
            "CMD x",
            f"{NOP}CMD x",
            _before("base", f"{NOP}CMD x"),
            "its result is no longer in the store",
        ),
        (
            "CMD x",
            f"{NOP}CMD x",
            _before("base", f"{NOP}CMD y"),
            "the instruction changed: it was CMD y",
        ),
        (
            "CMD x",
            f"{NOP}CMD x",
            _before("base", f"{NOP}ENV A=1", f"{NOP}CMD x"),
            "an instruction before it is gone: ENV A=1",
        ),
        ("CMD x", f"{NOP}CMD x", _before("base", f"{NOP}ENV A=1"), "a new instruction"),
        (
            "RUN make",
            "|1 COLOUR=blue /bin/sh -c make",
            _before("base", "|1 COLOUR=red /bin/sh -c make"),
            "build arg COLOUR changed (red → blue)",
        ),
        (
            "RUN make",
            "|1 COLOUR=blue /bin/sh -c make",
            _before("base", "/bin/sh -c make"),
            "build arg COLOUR changed (unset → blue)",
        ),
        (
            "COPY main.py /app/",
            f"{NOP}COPY file:2 in /app/ ",
            _before("base", f"{NOP}COPY file:1 in /app/ ", files=(_layer_file("app/main.py"),)),
            f"main.py changed (sha256 {OLD_DIGEST[:12]}… → {NEW_DIGEST[:12]}…)",
        ),
        (
            "COPY main.py /other/",
            f"{NOP}COPY file:2 in /other/ ",
            _before("base", f"{NOP}COPY file:1 in /app/ "),
            "the instruction changed: it was COPY … /app/",
        ),
        (
            "COPY main.py /app/",
            f"{NOP}COPY file:2 in /app/     |force-mtime=0 ",
            _before(
                "base",
                f"{NOP}COPY file:1 in /app/     |force-mtime=0 ",
                files=(_layer_file("app/main.py"),),
            ),
            f"main.py changed (sha256 {OLD_DIGEST[:12]}… → {NEW_DIGEST[:12]}…)",
        ),
        (
            "RUN make",
            "|1 COLOUR=blue /bin/sh -c make|force-mtime=0",
            _before("base", "|1 COLOUR=red /bin/sh -c make|force-mtime=0"),
            "build arg COLOUR changed (red → blue)",
        ),
        (
            "COPY main.py /app/",
            f"{NOP}COPY file:2 in /app/     |force-mtime=0 ",
            _before("base", f"{NOP}COPY file:1 in /app/ "),
            OTHER_BUILDAH,
        ),
        ("CMD x", f"{NOP}CMD x", _before("base", f"{NOP}CMD x|force-mtime=0"), OTHER_BUILDAH),
        (
            "CMD x",
            f"{NOP}CMD x|force-mtime=5",
            _before("base", f"{NOP}CMD x|force-mtime=0"),
            "the time that files get changed",
        ),
        (
            "CMD x",
            f"{NOP}CMD x|force-mtime=0",
            _before("base", f"{NOP}ENV A=1|force-mtime=0", f"{NOP}CMD x|force-mtime=0"),
            "an instruction before it is gone: ENV A=1",
        ),
    ],
)
def test_the_cause(
    tmp_path: Path, text: str, now: str, before: LastBuild | None, cause: str
) -> None:
    assert _cause(tmp_path, text, now, before) == cause


def test_a_folder_that_is_copied_is_no_file_that_changed(tmp_path: Path) -> None:
    (tmp_path / "src" / "below").mkdir(parents=True)
    (tmp_path / "src" / "below" / "a").write_text("new")
    layer = OldLayer([_layer_file("app/below/a")], lambda _: NEW_DIGEST)
    before = replace(_before("base", f"{NOP}COPY dir:1 in /app/ "), layer=lambda _index: layer)
    assert _cause(tmp_path, "COPY src /app/", f"{NOP}COPY dir:2 in /app/ ", before) == (
        "its files have other owners, or are packed in another way"
    )


def test_more_than_three_changes_are_counted(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text("new")
    for number in (2, 3, 4):
        gone = [f"app/{n}" for n in range(number)]
        files = tuple(map(_layer_file, gone))
        before = _before("base", f"{NOP}COPY file:1 in /app/ ", files=files)
        now = f"{NOP}COPY file:2 in /app/ "
        told = ["main.py is new", *(f"{path} is gone" for path in gone)][:3]
        cause = _cause(tmp_path, "COPY main.py /app/", now, before)
        more = f" (and {number - 2} more)" if number > 2 else ""
        assert cause == "; ".join(told) + more


@pytest.mark.parametrize(
    ("text", "now", "before", "cause"),
    [
        (
            "COPY main.py /app/",
            f"{NOP}COPY file:2 in /app/ ",
            replace(_before("base", f"{NOP}COPY file:1 in /app/ "), layer=lambda _index: None),
            "what it copies has changed",
        ),
        (
            "COPY main.py /app/",
            f"{NOP}COPY file:2 in /app/ ",
            replace(
                _before("base", f"{NOP}COPY file:1 in /app/ "),
                layer=lambda _index: OldLayer(
                    [_layer_file("app/main.py")], lambda _path: NEW_DIGEST
                ),
            ),
            "its files have other owners, or are packed in another way",
        ),
        (
            "COPY main.py /app/",
            f"{NOP}ADD file:2 in /app/ ",
            _before("base", f"{NOP}COPY file:1 in /app/ "),
            "a new instruction",
        ),
        (
            "RUN make",
            "|2 A=1 B=2 /bin/sh -c make",
            _before("base", "|2 A=2 C=3 /bin/sh -c make"),
            (
                "build arg A changed (2 → 1); build arg B changed (unset → 2); "
                "build arg C changed (3 → unset)"
            ),
        ),
        (
            "RUN make",
            "|2 A=1 B=2 /bin/sh -c make",
            _before("base", "|2 A=1 B=3 /bin/sh -c make"),
            "build arg B changed (3 → 2)",
        ),
        (
            "RUN make",
            "|1 A=1 /bin/sh -c make",
            _before("base", "|1 A=1 /bin/sh -c make it"),
            "the instruction changed: it was RUN make it",
        ),
        (
            "ARG A",
            f'{NOP}LABEL "io.github.capas.arguments"="A=2"',
            _before("base", f'{NOP}LABEL "io.github.capas.arguments"="A=1"'),
            "build arg A changed (1 → 2)",
        ),
        (
            "CMD x",
            f"{NOP}CMD x|force-mtime=5",
            _before("base", f"{NOP}CMD x|force-mtime=5"),
            "its result is no longer in the store",
        ),
    ],
)
def test_causes_at_the_edges(
    tmp_path: Path, text: str, now: str, before: LastBuild, cause: str
) -> None:
    assert _cause(tmp_path, text, now, before) == cause


@pytest.mark.parametrize(
    ("name", "old", "said"),
    [
        ("a", ("x/a", "y/x/a"), ["y/x/a is gone"]),
        ("a", ("x/ba",), []),
        ("a", ("b", "c"), ["src/run.sh is new", "b is gone", "c is gone"]),
    ],
)
def test_the_nearest_old_file_is_the_counterpart(
    name: str, old: tuple[str, ...], said: list[str]
) -> None:
    layer = OldLayer([_layer_file(path) for path in old], lambda _path: OLD_DIGEST)
    assert file_changes({name: replace(FILE, mode=0o644)}, layer) == said


@pytest.mark.parametrize(
    ("before", "digest", "said"),
    [
        (OLD_DIGEST, NEW_DIGEST, f"changed (sha256 {OLD_DIGEST[:12]}… → {NEW_DIGEST[:12]}…)"),
        (None, NEW_DIGEST, "changed"),
    ],
)
def test_what_may_not_be_read_has_only_changed(before: str | None, digest: str, said: str) -> None:
    layer = OldLayer([_layer_file("run.sh", 0o755)], lambda _path: before)
    assert file_changes({"run.sh": replace(FILE, digest=digest)}, layer) == [f"src/run.sh {said}"]


@pytest.mark.parametrize(
    ("target", "said"), [("a", []), ("b", ["src/run.sh leads to b, it led to a"])]
)
def test_a_link_is_compared_by_where_it_leads(target: str, said: list[str]) -> None:
    link = replace(_layer_file("run.sh", 0o777), kind="symlink", content="a")
    layer = OldLayer([link, replace(link, path="d", kind="directory")], lambda _path: OLD_DIGEST)
    assert file_changes({"run.sh": replace(FILE, kind="link", digest=target)}, layer) == said


@pytest.mark.parametrize(
    ("wanted", "old", "said"),
    [
        ({"run.sh": FILE}, ("app/run.sh",), ["mode of src/run.sh changed 644→755"]),
        ({"run.sh": replace(FILE, mode=0o644)}, ("app/run.sh",), []),
        ({"run.sh": replace(FILE, mode=0o644)}, ("app/run.sh", "app/x"), ["app/x is gone"]),
        ({"run.sh": FILE}, (), ["src/run.sh is new"]),
        ({"run.sh": replace(FILE, mode=0o644)}, ("renamed",), []),
        (
            {"run.sh": replace(FILE, kind="link", digest="x")},
            ("run.sh",),
            ["src/run.sh changed between file and link"],
        ),
    ],
)
def test_file_changes(wanted: dict[str, File], old: tuple[str, ...], said: list[str]) -> None:
    layer = OldLayer([_layer_file(path) for path in old], lambda _path: OLD_DIGEST)
    assert file_changes(wanted, layer) == said


def test_a_stage_on_nothing_is_compared_from_its_first_entry(tmp_path: Path) -> None:
    inputs = read_inputs(_version(tmp_path), Digests(None))
    forecast = Forecast(0, 0, inputs.stages[0].instructions[0], "rebuild", (f"{NOP}CMD x",))
    assert cause_of(forecast, inputs, _before(f"{NOP}CMD y"), STAMP) == (
        "the instruction changed: it was CMD y"
    )


def _version(folder: Path) -> Version:
    (folder / "Containerfile").write_text("FROM scratch\nCMD x\n")
    return Version("w", "1", folder, folder / "Containerfile")
