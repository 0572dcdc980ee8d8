from __future__ import annotations

import pytest

from pipeline.output.number_format import show_bytes, show_share


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        (None, "not measured"),
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.00 kB"),
        (999_499, "999 kB"),
        (999_500, "1.00 MB"),
        (52_600_000, "52.6 MB"),
        (1_984_512, "1.98 MB"),
        (9_996, "10.0 kB"),
        (5_000_000_000_000_000, "5000 TB"),
    ],
)
def test_three_digits_and_a_unit(size: int | None, shown: str) -> None:
    assert show_bytes(size) == shown


@pytest.mark.parametrize(
    ("ratio", "shown"),
    [
        (0.0, "0 %"),
        (0.00001, "0.01 %"),
        (0.5, "50 %"),
        (0.9995, "99.95 %"),
        (0.999999, "99.99 %"),
        (1.0, "100 %"),
    ],
)
def test_a_share_is_never_rounded_to_none_or_all(ratio: float, shown: str) -> None:
    assert show_share(ratio) == shown
