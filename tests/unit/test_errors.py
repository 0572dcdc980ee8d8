from __future__ import annotations

import pytest

from pipeline.errors import CapasError


@pytest.mark.parametrize(
    "said",
    [
        "E: Write error - write (28: No space left on device)",
        "write /var/tmp/x: no space left on device",
        "OSError: [Errno 122] Disk quota exceeded",
        "E: You don't have enough free space in /var/cache/apt/archives/.",
    ],
)
def test_a_full_disk_is_told_as_one_whoever_met_it(said: str) -> None:
    error = CapasError("apt failed", details=said, resolution="check the network")
    assert error.remedy.startswith("free some space")


def test_other_failures_and_better_advice_stay_as_they_are() -> None:
    assert CapasError("x", details="no such file", resolution="look").remedy == "look"
    better = "free some space: `capas prune` shows the images that nothing needs"
    assert CapasError("x", details="No space left on device", resolution=better).remedy == better
