from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.errors import Refused, UsageError
from pipeline.spec.model import Pipeline, Volume
from pipeline.volumes.plan import (
    Hold,
    User,
    check_removal,
    check_restore,
    choose_volume,
    hold_for_backup,
)

PIPELINE = Pipeline(
    "shop",
    Path("/p/specs/shop.toml"),
    Path("/p"),
    volumes={"data": Volume("data", "shop_data"), "theirs": Volume("theirs", "x", external=True)},
)
RUNS, STOPPED, PAUSED = User("web-1", "running"), User("web-2", "exited"), User("web-3", "paused")


def test_a_volume_is_known_by_its_key_and_by_podmans_name() -> None:
    assert choose_volume(PIPELINE, "data").engine_name == "shop_data"
    assert choose_volume(PIPELINE, "shop_data").name == "data"
    with pytest.raises(UsageError) as caught:
        choose_volume(PIPELINE, "dat")
    assert "data" in caught.value.resolution


@pytest.mark.parametrize(
    ("stop", "live", "can_pause", "expected"),
    [
        (False, False, True, Hold("pause", ("web-1",))),
        (True, False, True, Hold("pause", ("web-1",))),
        (False, True, False, Hold("leave")),
        (True, False, False, Hold("stop", ("web-1",))),
    ],
)
def test_only_those_that_write_are_held(
    stop: bool, live: bool, can_pause: bool, expected: Hold
) -> None:
    users = [RUNS, STOPPED, PAUSED]
    found = hold_for_backup("shop_data", users, stop=stop, live=live, can_pause=can_pause)
    assert found == expected


def test_nobody_is_held_when_nobody_writes() -> None:
    users = [STOPPED, PAUSED]
    found = hold_for_backup("shop_data", users, stop=True, live=False, can_pause=False)
    assert found == Hold("leave")


def test_a_torn_copy_is_not_made_in_silence() -> None:
    with pytest.raises(Refused) as caught:
        hold_for_backup("shop_data", [RUNS], stop=False, live=False, can_pause=False)
    assert "web-1" in caught.value.details
    assert "--stop" in caught.value.resolution


def test_stop_and_live_contradict_each_other() -> None:
    with pytest.raises(UsageError):
        hold_for_backup("shop_data", [], stop=True, live=True, can_pause=True)


@pytest.mark.parametrize(
    ("users", "empty", "force", "refused"),
    [
        ([], True, False, False),
        ([STOPPED], True, False, False),
        ([], False, False, True),
        ([], False, True, False),
        ([RUNS], True, True, True),
        ([PAUSED], True, True, True),
    ],
)
def test_data_and_running_containers_are_protected_from_a_restore(
    users: list[User], empty: bool, force: bool, refused: bool
) -> None:
    if not refused:
        check_restore("shop_data", users, empty=empty, force=force)
        return
    with pytest.raises(Refused):
        check_restore("shop_data", users, empty=empty, force=force)


def test_a_volume_with_any_container_or_of_somebody_else_is_not_removed() -> None:
    check_removal(PIPELINE.volumes["data"], [])
    with pytest.raises(Refused, match="in use"):
        check_removal(PIPELINE.volumes["data"], [STOPPED])
    with pytest.raises(Refused, match="external"):
        check_removal(PIPELINE.volumes["theirs"], [])
