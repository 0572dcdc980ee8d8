"""What a build from nothing would not have made."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.build.foreign import is_foreign
from pipeline.engine import labels
from pipeline.engine.build_cache import CacheImage, Past

STAMP = "1970-01-01T00:00:00Z"
ONE = CacheImage("1" * 64, (), "", "", "", (), (), (Past("COPY a", STAMP),))
TWO = replace(
    ONE, id="2" * 64, history=(*ONE.history, Past("COPY b", STAMP, comment=f"FROM {ONE.id[:12]}"))
)


def test_a_chain_of_our_own_is_taken() -> None:
    assert not is_foreign([], STAMP)
    assert not is_foreign([ONE, TWO], STAMP)
    assert not is_foreign([replace(ONE, id=""), replace(TWO, id="")], STAMP), "made by this run"


@pytest.mark.parametrize(
    "found",
    [
        [replace(ONE, history=(Past("COPY a", "2024-01-01T00:00:00Z"),))],
        [replace(ONE, config={"Labels": {labels.BUILDER: "1.28.2"}})],
        [replace(ONE, id="3" * 64), TWO],
    ],
)
def test_times_labels_and_parents_of_others_are_not(found: list[CacheImage]) -> None:
    assert is_foreign(found, STAMP)
