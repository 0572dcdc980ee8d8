"""What a build from nothing would not have made, and what is only another way to write history."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.build.plan.foreign_cache import foreign, other_past
from pipeline.engine import labels
from pipeline.engine.build_cache import CacheImage, Past

NOP = "/bin/sh -c #(nop) "
STAMP = "1970-01-01T00:00:00Z"
ONE = CacheImage("1" * 64, (), "", "", "", (), (), (Past("COPY a", STAMP),))
TWO = replace(
    ONE, id="2" * 64, history=(*ONE.history, Past("COPY b", STAMP, comment=f"FROM {ONE.id[:12]}"))
)
BARE = replace(TWO, history=(*ONE.history, Past("COPY b", STAMP)))
NAMED = replace(TWO, history=(*ONE.history, Past("COPY b", STAMP, comment="FROM localhost/x:1")))


def test_a_chain_of_our_own_is_taken() -> None:
    assert foreign([], STAMP) == ""
    assert foreign([replace(ONE, id=""), replace(TWO, id="")], STAMP) == "", "made by this run"


@pytest.mark.parametrize("second", [TWO, BARE, NAMED])
def test_how_history_names_the_image_below_is_never_foreign(second: CacheImage) -> None:
    """Until 1.37 Buildah wrote 12 digits of it, since 1.38 nothing: the cache wins."""
    assert foreign([ONE, second], STAMP) == ""


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (replace(ONE, history=(Past("COPY a", "2024-01-01T00:00:00Z"),)), "2024-01-01"),
        (replace(ONE, config={"Labels": {labels.BUILDER: "1.28.2"}}), labels.BUILDER),
    ],
)
def test_times_and_labels_of_others_are(found: CacheImage, why: str) -> None:
    assert why in foreign([found], STAMP)


@pytest.mark.parametrize(
    ("second", "comments", "said"),
    [
        (TWO, True, ""),
        (BARE, False, ""),
        (TWO, False, f"FROM {ONE.id[:12]}"),
        (BARE, True, "no comment"),
        (NAMED, True, "FROM localhost/x:1"),
        (NAMED, False, "FROM localhost/x:1"),
        (replace(NAMED, id=""), False, ""),
    ],
)
def test_what_gives_another_id_is_known_for_each_generation(
    second: CacheImage, comments: bool, said: str
) -> None:
    assert other_past([[ONE, second]], comments=comments) == said


def test_a_label_that_no_instruction_gives_is_foreign() -> None:
    """`buildah build --label` is no part of the cache key, and the next step inherits it."""
    own = replace(ONE, config={"Labels": {"a": "b"}}, history=(Past(f"{NOP}LABEL a=b", STAMP),))
    heir = replace(TWO, config={"Labels": {"a": "b"}})
    assert foreign([own, heir], STAMP) == ""
    assert foreign([own, replace(heir, config={"Labels": {"a": "b", "x": "y"}})], STAMP) != ""
    assert foreign([replace(ONE, config={"Labels": {"x": "y"}})], STAMP).endswith(
        "the label x of a command line"
    )
    assert foreign([heir], STAMP) == "", "it may be the base's"
