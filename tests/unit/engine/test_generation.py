"""The generations of Buildah as a table."""

from __future__ import annotations

import pytest

from pipeline.engine.generation import GENERATIONS, generation_of, plain, says_times


def test_the_table_goes_from_old_to_new_and_each_entry_says_what_is_new() -> None:
    versions = [one.since for one in GENERATIONS]
    assert versions == sorted(set(versions))
    assert len({one.what for one in GENERATIONS}) == len(GENERATIONS)


@pytest.mark.parametrize(
    ("version", "since"),
    [
        ((1, 24), (1, 28)),
        ((1, 28, 2), (1, 28)),
        ((1, 36, 9), (1, 35)),
        ((1, 39, 3), (1, 39)),
        ((1, 41, 0), (1, 41)),
        ((1, 43, 1), (1, 41, 2)),
        ((1, 43, 2), (1, 43, 2)),
        ((1, 45, 0), (1, 45)),
        ((2, 0), (1, 45)),
        ((), (1, 45)),
    ],
)
def test_a_version_has_the_habits_of_the_last_generation_before_it(
    version: tuple[int, ...], since: tuple[int, ...]
) -> None:
    assert generation_of(version).since == since


def test_what_a_build_was_seen_to_write_wins_over_the_version() -> None:
    assert generation_of((1, 39, 3), times=True).times
    assert not generation_of((1, 43, 2), times=False).times
    assert generation_of((1, 43, 2), times=True) is generation_of((1, 43, 2))


@pytest.mark.parametrize("generation", GENERATIONS)
def test_the_words_of_all_generations_are_comparable(generation: object) -> None:
    for one in GENERATIONS:
        for text, copies in (("/bin/sh -c make", False), ("/bin/sh -c #(nop) COPY f in /x", True)):
            written = text + one.ending(7, copies=copies)
            assert plain(written) == text + " " * copies
            assert says_times(written) == one.times
