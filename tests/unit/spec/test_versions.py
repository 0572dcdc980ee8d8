from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.spec.versions import has_number, order_key, sorted_versions

ORDERED = [
    "latest",
    "0.9",
    "1.0-dev",
    "1.0-alpha",
    "1.0-alpha.2",
    "1.0-alpha.10",
    "1.0b1",
    "1.0-rc1",
    "1.0",
    "1.0-slim",
    "1.0.0",
    "1.0.1",
    "1.9",
    "1.10",
    "v2",
    "2024-11-24",
]
versions = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,12}", fullmatch=True)


def test_numbers_sort_as_numbers_and_pre_releases_before_their_release() -> None:
    # A word without a number has no place; it must only not be the newest.
    numbered = ORDERED[1:]

    assert sorted_versions(reversed(numbered)) == numbered


@pytest.mark.parametrize("equal", [("1.1", "v1.01"), ("1-1", "1.1"), ("1.0RC1", "1.0-rc.1")])
def test_equal_versions_have_equal_keys(equal: tuple[str, str]) -> None:
    assert order_key(equal[0]) == order_key(equal[1])


def test_a_version_begins_with_a_number_after_an_optional_v() -> None:
    assert has_number("1.0")
    assert has_number("v1")
    assert not has_number("latest")
    assert not has_number("vanilla")


def test_a_leading_v_only_separates_before_a_number() -> None:
    assert sorted_versions(["21", "v3", "1"]) == ["1", "v3", "21"]
    assert order_key("vat") != order_key("at")


@given(st.lists(versions, unique=True))
def test_the_order_is_total_and_does_not_depend_on_the_order_of_writing(names: list[str]) -> None:
    assert sorted_versions(names) == sorted_versions(reversed(names))


@given(versions, st.integers(0, 1000), st.integers(0, 1000))
def test_a_larger_last_number_is_newer(prefix: str, one: int, other: int) -> None:
    older, newer = sorted((one, other))

    assert (order_key(f"{prefix}.{older}") < order_key(f"{prefix}.{newer}")) == (older < newer)
