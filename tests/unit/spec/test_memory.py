from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pytest

from pipeline.spec.complaints import schema_problems
from pipeline.spec.load import examine
from pipeline.spec.memory import Memory

VALID = {"name": "a", "x-day": datetime.date(2026, 11, 24)}


def test_only_what_was_remembered_is_known(tmp_path: Path) -> None:
    environ = {"XDG_CACHE_HOME": str(tmp_path)}

    assert not Memory(VALID, environ).is_valid()
    Memory(VALID, environ).remember_valid()

    assert Memory(VALID, environ).is_valid()
    for other in ({"name": "b"}, {"name": 1}, {**VALID, "x-more": 2.0}, {**VALID, "x-more": 2}):
        assert not Memory(other, environ).is_valid()


def test_the_newest_hundred_are_kept_in_the_home_of_the_caller(tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path)}
    for number in range(103):
        Memory({"name": number}, environ).remember_valid()

    known = [Memory({"name": number}, environ).is_valid() for number in range(103)]
    assert known == [False] * 3 + [True] * 100
    assert [path.name for path in (tmp_path / ".cache" / "capas").iterdir()] == ["valid-specs"]


@pytest.mark.parametrize("place", ["file", "folder"])
def test_a_cache_that_cannot_be_used_is_none(tmp_path: Path, place: str) -> None:
    if place == "file":
        (tmp_path / "capas").write_text("")
    else:
        (tmp_path / "capas" / "valid-specs").mkdir(parents=True)
    memory = Memory(VALID, {"XDG_CACHE_HOME": str(tmp_path)})

    memory.remember_valid()

    assert not memory.is_valid()
    assert list(tmp_path.rglob(".valid*")) == []
    assert not Memory(VALID, {}).is_valid()


def test_a_valid_spec_is_checked_once_and_a_wrong_one_always(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []

    def check(data: Any) -> Any:
        asked.append(data)
        return schema_problems(data)

    monkeypatch.setattr("pipeline.spec.load.schema_problems", check)
    spec = tmp_path / "spec.toml"
    environ = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    for text in ('name = "a"', 'name = "a"', "name = 1", "name = 1"):
        spec.write_text(text)
        examine(spec, environ)

    assert asked == [{"name": "a"}, {"name": 1}, {"name": 1}]
