"""Content summaries; the expected ones were written by Buildah 1.28.2 into real histories."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from pipeline.build.context.digests import Digests
from pipeline.build.context.inputs import read_inputs
from pipeline.build.go_tar.content_summary import Given, summaries
from pipeline.build.go_tar.go_tar_reader import CannotTell, is_archive
from pipeline.engine.generation import GENERATIONS
from pipeline.spec.model import Version

LONG = "d" * 60


@pytest.fixture
def context(tmp_path: Path) -> Path:
    (tmp_path / "a.txt").write_text("hi\n")
    (tmp_path / "x.sh").write_text("#!/bin/sh")
    (tmp_path / "x.sh").chmod(0o755)
    src = tmp_path / "src"
    (src / "sub").mkdir(parents=True)
    (src / "b.txt").write_text("x\n")
    (src / "sub" / "z").write_text("z" * 1000)
    (src / "lnk").symlink_to("b.txt")
    (src / LONG).mkdir()
    (src / LONG / ("e" * 60)).write_text("l")
    (src / ("ü" * 20)).write_text("u")
    (src / ("g" * 120)).symlink_to("h" * 130)
    (tmp_path / ("f" * 150)).write_text("long")
    return tmp_path


def _of(context: Path, instruction: str, given: Given | None = None) -> tuple[str, ...]:
    containerfile = context.parent / "Containerfile"
    containerfile.write_text(f"FROM scratch\n{instruction}\n")
    inputs = read_inputs(Version("t", "1", context, containerfile), Digests(None))
    (place,) = inputs.reads
    written = inputs.stages[0].instructions[0]
    unpack = written.keyword == "ADD"
    target = written.arguments[-1]
    return summaries(inputs, place, target, given or Given(), GENERATIONS[0], unpack=unpack)


@pytest.mark.parametrize(
    ("instruction", "given", "expected"),
    [
        ("COPY a.txt /dir/", None, "file:ce45aed374932718b95abedf4266ad5d720141b60545c480a9cd1282"),
        ("COPY a.txt /new", None, "file:ce45aed374932718b95abedf4266ad5d720141b60545c480a9cd1282"),
        (
            "COPY a.txt x.sh /two/",
            None,
            "multi:b14b1ae49dd5d6a2b839d6ab8316476f28e990a23d9cad0e9ebe1931",
        ),
        (
            "COPY *.txt x.* /glob/",
            None,
            "multi:b14b1ae49dd5d6a2b839d6ab8316476f28e990a23d9cad0e9ebe1931",
        ),
        ("COPY src /src", None, "dir:fcf9b6cbd5ff2e909b15c51cb58ded3c5c18e03a53afceb74bdc329e7c8f"),
        (
            "COPY --chmod=700 --chown=12:34 src /s2",
            Given((12, 34), 0o700),
            "dir:94318cbaeffe666bd4cb5962f03c4be66f9e3158a675c0d135680bcf636c",
        ),
        (
            f"COPY {'f' * 150} /f/",
            None,
            "file:971831e6730fa51d9a5dc9f9b05d511e5d94beb54edf4e4aa22d0bd1269",
        ),
    ],
)
def test_a_summary_is_buildahs(
    context: Path, instruction: str, given: Given | None, expected: str
) -> None:
    assert _of(context, instruction, given)[0].startswith(expected)


def test_a_file_for_a_path_that_is_not_there_has_that_name(context: Path) -> None:
    assert _of(context, "COPY a.txt /renamed")[1].startswith("file:cf091ce1f4c598cfcd1385a1d538e2")


@pytest.mark.parametrize("compression", ["", "gz", "bz2", "xz"])
def test_an_archive_is_digested_by_what_is_in_it(context: Path, compression: str) -> None:
    packed = context / "packed"
    with tarfile.open(packed, f"w:{compression}") as tar:  # type: ignore[call-overload]
        info = tarfile.TarInfo("one")
        info.size, info.mtime = 3, 1234
        tar.addfile(info, io.BytesIO(b"abc"))
    assert is_archive(packed)
    unpacked = _of(context, "ADD packed /x/")[0]
    (context / "packed").write_bytes(b"no archive")
    assert not is_archive(packed)
    assert _of(context, "ADD packed /x/")[0] != unpacked
    with tarfile.open(packed, "w") as tar:
        info = tarfile.TarInfo("one")
        info.size, info.mtime = 3, 99
        tar.addfile(info, io.BytesIO(b"abc"))
    assert _of(context, "ADD packed /x/")[0] == unpacked


def test_what_only_the_build_can_know_is_said(context: Path) -> None:
    (context / "packed").write_bytes(b"\x28\xb5\x2f\xfd rest")
    for instruction in ("ADD packed /x/", "ADD https://example.com/a /x/"):
        with pytest.raises(CannotTell):
            _of(context, instruction)
