"""What the account lacks, and the steps that mend it."""

from __future__ import annotations

from pipeline.bootstrap.account import Lacks, Range, first_free, ranges
from pipeline.bootstrap.steps import GiveIds, MakeAccount, MakeRuntimeFolder, plan_accounts

NOTHING = Lacks(account=False, subuid=None, subgid=None, runtime=False)


def test_ranges_are_read_and_nonsense_is_left_out() -> None:
    text = "ana:100000:65536\n\n# a comment\nbea:x:1\n1000:165536:65536\n"
    assert ranges(text) == (Range("ana", 100_000, 65_536), Range("1000", 165_536, 65_536))


def test_the_first_free_id_lies_after_every_range() -> None:
    assert first_free([]) == 100_000
    assert first_free([Range("b", 300_000, 10), Range("a", 100_000, 65_536)]) == 300_010


def test_a_ready_account_needs_no_step() -> None:
    assert plan_accounts({"capas": NOTHING}) == []


def test_two_new_accounts_get_ranges_apart() -> None:
    new = Lacks(account=True, subuid=100_000, subgid=200_000, runtime=True)
    steps = plan_accounts({"capas": new, "capas-second": new})
    assert steps == [
        MakeAccount("capas"),
        GiveIds("capas", "uids", 100_000),
        GiveIds("capas", "gids", 200_000),
        MakeRuntimeFolder("capas"),
        MakeAccount("capas-second"),
        GiveIds("capas-second", "uids", 165_536),
        GiveIds("capas-second", "gids", 265_536),
        MakeRuntimeFolder("capas-second"),
    ]
    assert str(steps[1]) == "give capas the subordinate uids 100000-165535"


def test_after_a_reboot_only_the_runtime_folder_is_made() -> None:
    assert plan_accounts({"capas": NOTHING._replace(runtime=True)}) == [MakeRuntimeFolder("capas")]
