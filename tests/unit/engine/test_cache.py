from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.engine.cache import cache_folder, read_json, write_atomic


def test_where_the_cache_is() -> None:
    assert cache_folder({"XDG_CACHE_HOME": "/c", "HOME": "/h"}) == Path("/c/capas")
    assert cache_folder({"HOME": "/h"}) == Path("/h/.cache/capas")


@pytest.mark.parametrize("text", ["", "{", "[1]", "\0"])
def test_a_broken_memory_is_an_empty_one(tmp_path: Path, text: str) -> None:
    path = tmp_path / "host.json"
    path.write_text(text)
    assert read_json(path) == {}


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a"
    write_atomic(path, "old")
    with pytest.raises(UnicodeEncodeError):
        write_atomic(path, "\udfff")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
