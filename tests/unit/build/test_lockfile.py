"""The release lock: TOML that any reader understands, the same bytes for the same releases."""

from __future__ import annotations

import os
from datetime import datetime, timezone
from pathlib import Path

import pytest
import tomli
from hypothesis import given
from hypothesis import strategies as st

from pipeline.build.release.identity import Content
from pipeline.build.release.lockfile import LAST_SECOND, read_lock, render_lock, write_lock
from pipeline.build.release.provenance import Provenance
from pipeline.build.release.releases import Release
from pipeline.errors import CapasError

_TEXT = st.text(st.characters(exclude_categories=["Cs", "Co"]), max_size=20)
_NAME = st.builds(lambda text, odd: text + odd, _TEXT, st.sampled_from(["", "\udc80", "\udcffx"]))
_RELEASE = st.builds(
    Release,
    identity=_TEXT,
    image=_TEXT,
    digest=_TEXT,
    diff_ids=st.lists(_TEXT, max_size=3).map(tuple),
    content=st.builds(Content, _TEXT, _TEXT, st.dictionaries(_NAME, _NAME, max_size=3)),
    bases=st.dictionaries(_TEXT, st.tuples(_TEXT, _TEXT), max_size=2),
    provenance=st.builds(Provenance, st.integers(0, LAST_SECOND), _TEXT, _TEXT),
    timestamp=st.integers(0, LAST_SECOND),
    engines=st.dictionaries(_TEXT, _TEXT, max_size=2),
)


@given(st.dictionaries(_TEXT, _RELEASE, max_size=3))
def test_what_is_written_is_read_again(releases: dict[str, Release]) -> None:
    text = render_lock(releases)
    tomli.loads(text)
    assert render_lock(dict(reversed(releases.items()))) == text


@given(st.dictionaries(_TEXT, _RELEASE, max_size=3))
def test_the_values_come_back(
    tmp_path_factory: pytest.TempPathFactory, releases: dict[str, Release]
) -> None:
    path = tmp_path_factory.mktemp("lock") / "demo.lock"
    write_lock(path, releases)
    assert read_lock(path) == releases
    assert [one.name for one in path.parent.iterdir()] == ["demo.lock"]


def test_no_lock_is_no_release(tmp_path: Path) -> None:
    assert read_lock(tmp_path / "demo.lock") == {}


@pytest.mark.parametrize(
    "text", ["", "format = 2", "format = 1\n[releases.a]\nimage = 1", "format = ", "\xff"]
)
def test_a_broken_lock_is_told_and_not_taken_for_an_empty_one(tmp_path: Path, text: str) -> None:
    path = tmp_path / "demo.lock"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(CapasError, match="lock cannot be read"):
        read_lock(path)


def test_a_lock_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "demo.lock"
    path.mkdir()
    with pytest.raises(CapasError, match="cannot be written"):
        write_lock(path, {})
    assert [one.name for one in tmp_path.iterdir()] == ["demo.lock"]


def test_a_lock_is_readable_as_the_mask_says(tmp_path: Path) -> None:
    path = tmp_path / "demo.lock"
    for mask, mode in ((0o022, 0o644), (0o077, 0o600), (0, 0o644)):
        before = os.umask(mask)
        try:
            write_lock(path, {})
        finally:
            os.umask(before)
        assert path.stat().st_mode & 0o777 == mode


def test_what_a_release_has_none_of_has_no_table(tmp_path: Path) -> None:
    release = Release("i", "m", "d", (), Content("c", "s", {"a": "644 x"}))
    tables = [line for line in render_lock({"a:1": release}).splitlines() if line.startswith("[")]
    assert tables == ['[releases."a:1"]', '[releases."a:1".files]']
    last = datetime(9999, 12, 31, 23, 59, 59, tzinfo=timezone.utc)
    assert last.timestamp() == LAST_SECOND
