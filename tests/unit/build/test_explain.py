"""Why an instruction is not taken from the store, in plain words."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.build.digests import Digests
from pipeline.build.explain import OTHER_BUILDAH, Before, OldLayer, cause_of, file_changes
from pipeline.build.inputs import File, read_inputs
from pipeline.build.predict import Forecast
from pipeline.build.search import Foundation
from pipeline.engine.build_cache import CacheImage, Past
from pipeline.engine.file_list import LayerFile
from pipeline.spec.model import Version

NOP = "/bin/sh -c #(nop) "
STAMP = "1970-01-01T00:00:00Z"
OLD_DIGEST = hashlib.sha256(b"old").hexdigest()
NEW_DIGEST = hashlib.sha256(b"new").hexdigest()


def _layer_file(path: str, mode: int = 0o644) -> LayerFile:
    return LayerFile(path, "file", 3, mode, 0, 0, "crc", "0")


def _before(*by: str, files: tuple[LayerFile, ...] = ()) -> Before:
    image = CacheImage("i", (), "", "", "", (), (), tuple(Past(one) for one in by))
    return Before(image, lambda _index: OldLayer(files, lambda _path: OLD_DIGEST))


def _cause(tmp_path: Path, text: str, now: str, before: Before | None) -> str:
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
        ("CMD x", f"{NOP}CMD x", _before("other"), "it stands on another image than last time"),
        ("CMD x", f"{NOP}CMD x", _before("base"), "a new instruction"),
        (
            "CMD x",
            f"{NOP}CMD x",
            _before("base", f"{NOP}CMD x"),
            "its result is not in the store any more",
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
def test_the_cause(tmp_path: Path, text: str, now: str, before: Before | None, cause: str) -> None:
    assert _cause(tmp_path, text, now, before) == cause


FILE = File("src/run.sh", "file", 0o755, OLD_DIGEST, 0o755)


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
