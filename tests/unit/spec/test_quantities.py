from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.spec.problem import BadForm
from pipeline.spec.quantities import decimal, seconds, size_in_bytes, whole_seconds


@pytest.mark.parametrize(
    ("text", "expected"),
    [("1s", 1.0), ("1m30s", 90.0), ("500ms", 0.5), ("1.5h", 5400.0), ("2h0m1s", 7201.0)],
)
def test_durations(text: str, expected: float) -> None:
    assert seconds(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (4096, 4096),
        ("4096", 4096),
        ("1b", 1),
        ("2k", 2048),
        ("2K", 2048),
        ("512m", 512 * 1024**2),
        ("1.5g", 3 * 512 * 1024**2),
        ("1GiB", 1024**3),
        ("1tb", 1024**4),
    ],
)
def test_sizes(text: int | str, expected: int) -> None:
    assert size_in_bytes(text) == expected


@pytest.mark.parametrize("text", ["", "1", "s", "1x", "1s 2s", "-1s", "1s\n", "²s"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(BadForm):
        seconds(text)


@pytest.mark.parametrize("text", ["", "m", "12 m", "-1m", "1.m", "1mm", "1m\n", "²m"])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(BadForm):
        size_in_bytes(text)


@given(st.text(max_size=12))
def test_any_text_is_a_duration_or_a_bad_form(text: str) -> None:
    with suppress(BadForm):
        assert seconds(text) >= 0


@given(st.text(max_size=12))
def test_any_text_is_a_size_or_a_bad_form(text: str) -> None:
    with suppress(BadForm):
        assert size_in_bytes(text) >= 0


@pytest.mark.parametrize(
    ("text", "whole"),
    [("0s", 0), ("1us", 1), ("1ms", 1), ("500ms", 1), ("1s", 1), ("1400ms", 2), ("2m", 120)],
)
def test_a_duration_in_whole_seconds_is_never_shorter(text: str, whole: int) -> None:
    assert whole_seconds(seconds(text)) == whole


@pytest.mark.parametrize(
    ("number", "text"),
    [(0.0, "0"), (1e-6, "0.000001"), (0.5, "0.5"), (1e6, "1000000"), (1.1, "1.1")],
)
def test_a_decimal_has_no_exponent(number: float, text: str) -> None:
    assert decimal(number) == text
