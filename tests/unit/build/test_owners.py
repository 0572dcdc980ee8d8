"""The names of owners are the same on every host, and nobody notices how."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.build.context.digests import Digests
from pipeline.build.context.inputs import Inputs, read_inputs
from pipeline.build.context.owners import carried, ignore_text
from pipeline.build.context.staging import stage_context
from pipeline.build.go_tar.content_summary import Given, summaries
from pipeline.engine.generation import GENERATIONS, Generation
from pipeline.spec.model import Version


def _inputs(context: Path, instruction: str) -> Inputs:
    containerfile = context.parent / "Containerfile"
    containerfile.write_text(f"FROM scratch\n{instruction}\n")
    return read_inputs(Version("w", "1", context, containerfile), Digests(None))


@pytest.fixture
def context(tmp_path: Path) -> Path:
    made = tmp_path / "context"
    (made / "src").mkdir(parents=True)
    (made / "src" / "a.txt").write_text("a")
    (made / "zoo").write_text("z")
    return made


@pytest.mark.parametrize(
    ("instruction", "expected"),
    [
        ("COPY src /src", True),
        ("COPY . /all/", True),
        ("COPY *oo /x", True),
        ("COPY src/* /x/", True),
        ("COPY * /x", False),
        ("COPY e* zoo /x/", False),
        ("RUN --mount=type=bind,target=/in true", False),
    ],
)
def test_the_files_are_carried_where_nothing_would_find_them(
    context: Path, instruction: str, expected: bool
) -> None:
    inputs = _inputs(context, instruction)
    assert carried(inputs) is expected
    folder = context.parent / "staged"
    folder.mkdir()
    stage_context(inputs, folder)
    assert (folder / "etc" / "group").exists() is expected


def test_something_of_that_name_is_the_users_own(context: Path) -> None:
    (context / "etc").mkdir()
    (context / "etc" / "motd").write_text("hello")
    assert not carried(_inputs(context, "COPY . /all/"))
    assert not carried(_inputs(context, "COPY etc/motd /etc/"))
    assert carried(_inputs(context, "COPY src /src"))


def test_the_users_own_ignore_file_stays_in_force(context: Path) -> None:
    (context / ".containerignore").write_bytes(b"*.tmp\n!keep.tmp")
    text = ignore_text(_inputs(context, "COPY src /src"))
    assert text == b"*.tmp\n!keep.tmp\netc\n"


def test_without_them_both_kinds_of_host_are_thought_of(context: Path) -> None:
    def possible(instruction: str, generation: Generation) -> int:
        inputs = _inputs(context, instruction)
        return len(summaries(inputs, (0, 0), "/all/", Given(), generation, unpack=False))

    assert possible("COPY . /all/", GENERATIONS[0]) == 1
    assert possible("COPY * /all/", GENERATIONS[0]) == 2
    assert possible("COPY * /all/", GENERATIONS[-1]) == 1, "names do not count since 1.41.2"


@pytest.mark.parametrize(
    "line", ["COPY top/* /c/", "COPY top/a/* /c/", "RUN --mount=type=bind,source=top,target=/m ls"]
)
def test_a_link_back_to_the_context_would_show_them(tmp_path: Path, line: str) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x").write_text("x")
    (tmp_path / "top").symlink_to(".")
    (tmp_path / "Containerfile").write_text(f"FROM scratch\n{line}\n")
    version = Version("i", "1", tmp_path, tmp_path / "Containerfile")
    assert not carried(read_inputs(version, Digests(None)))


def test_a_bind_mount_of_a_part_does_not_show_them(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    text = "FROM scratch\nRUN --mount=type=bind,source=a,target=/m cat /m\nCOPY a /\n"
    (tmp_path / "Containerfile").write_text(text)
    version = Version("i", "1", tmp_path, tmp_path / "Containerfile")
    assert carried(read_inputs(version, Digests(None)))
