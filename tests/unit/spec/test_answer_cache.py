from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pytest

from pipeline.spec.answer_cache import AnswerCache, question_of
from pipeline.spec.load import examine
from pipeline.spec.schema import schema_question
from pipeline.spec.schema_messages import schema_problems

VALID = {"name": "a", "x-day": datetime.date(2026, 11, 24)}


def memory(**environ: Path) -> AnswerCache:
    return AnswerCache("answers", {name: str(path) for name, path in environ.items()}, kept=100)


def test_only_what_was_remembered_is_known(tmp_path: Path) -> None:
    assert memory(XDG_CACHE_HOME=tmp_path).answer("one") is None
    memory(XDG_CACHE_HOME=tmp_path).remember({"one": '["a b", "ü"]', "two": ""})

    again = memory(XDG_CACHE_HOME=tmp_path)
    assert [again.answer(question) for question in ("one", "two", "three")] == [
        '["a b", "ü"]',
        "",
        None,
    ]


def test_documents_that_differ_are_different_questions() -> None:
    others = ({"name": "b"}, {"name": 1}, {**VALID, "x-more": 2.0}, {**VALID, "x-more": 2})
    assert len({schema_question(data) for data in (VALID, *others)}) == 5
    assert schema_question(VALID) == schema_question(dict(VALID))
    assert question_of(b"ab", b"c") != question_of(b"a", b"bc")


def test_the_newest_hundred_are_kept_in_the_home_of_the_caller(tmp_path: Path) -> None:
    for number in range(103):
        memory(HOME=tmp_path).remember({str(number): ""})

    last = memory(HOME=tmp_path)
    known = [last.answer(str(number)) is not None for number in range(103)]
    assert known == [False] * 3 + [True] * 100
    assert [path.name for path in (tmp_path / ".cache" / "capas").iterdir()] == ["answers"]


@pytest.mark.parametrize("place", ["file", "folder", "damage"])
def test_a_cache_that_cannot_be_used_is_none(tmp_path: Path, place: str) -> None:
    if place == "file":
        (tmp_path / "capas").write_text("")
    elif place == "folder":
        (tmp_path / "capas" / "answers").mkdir(parents=True)
    else:
        (tmp_path / "capas").mkdir()
        (tmp_path / "capas" / "answers").write_bytes(b"\xff\0\n")
    if place != "damage":
        memory(XDG_CACHE_HOME=tmp_path).remember({"one": ""})

    assert memory(XDG_CACHE_HOME=tmp_path).answer("one") is None
    assert list(tmp_path.rglob(".answers*")) == []
    assert memory().answer("one") is None


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
