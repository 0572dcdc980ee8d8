from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.spec.interpolate import interpolated

VARIABLES = {"NAME": "value", "EMPTY": ""}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("${NAME}", "value"),
        ("a${NAME}b${NAME}", "avaluebvalue"),
        ("${EMPTY}", ""),
        ("${EMPTY:-default}", "default"),
        ("${EMPTY-default}", ""),
        ("${MISSING:-default}", "default"),
        ("${MISSING-}", ""),
        ("${NAME:?why}", "value"),
        ("$$", "$"),
        ("$${NAME}", "${NAME}"),
        ("$$$$", "$$"),
        ("5$ and ^a$", "5$ and ^a$"),
    ],
)
def test_references_are_replaced(text: str, expected: str) -> None:
    assert interpolated({"key": text}, VARIABLES) == ({"key": expected}, [])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("${MISSING}", "the variable MISSING is not set"),
        ("${EMPTY:?say it}", "the variable EMPTY is not set"),
        ("$NAME", "`$NAME` is ambiguous"),
        ("${NAME", "`${NAME` is not a variable reference"),
        ("${}", "`${}` is not a variable reference"),
        ("${NAME:+other}", "`${NAME:+other}` is not a variable reference"),
    ],
)
def test_what_cannot_be_replaced_stays_and_is_told(text: str, message: str) -> None:
    data, problems = interpolated({"a": [{"b": text}]}, VARIABLES)

    assert data == {"a": [{"b": text}]}
    assert [(p.path, p.message) for p in problems] == [(("a", 0, "b"), message)]


def test_keys_and_what_is_below_x_keys_stay() -> None:
    data = {"${NAME}": 1, "x-mine": {"a": "${MISSING} $"}, "deep": {"x-mine": "$NAME"}}

    assert interpolated(data, VARIABLES) == (data, [])


@given(st.text("${}ANEM:-?x", max_size=20))
def test_any_text_is_replaced_or_told(text: str) -> None:
    data, problems = interpolated({"key": text}, VARIABLES)

    assert isinstance(data["key"], str)
    assert not problems or data["key"] == text


@given(st.text(max_size=20))
def test_doubled_dollars_keep_any_text(text: str) -> None:
    assert interpolated({"key": text.replace("$", "$$")}, {}) == ({"key": text}, [])


def test_bytes_that_are_no_text_are_told() -> None:
    data, problems = interpolated({"key": "a${ODD}"}, {"ODD": "\udcff"})

    assert data == {"key": "a${ODD}"}
    assert [p.message for p in problems] == ["the variable ODD holds bytes that are not UTF-8"]
