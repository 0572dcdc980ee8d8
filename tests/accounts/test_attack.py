"""What the two accounts gained when they attacked root (`attack/as_root.py`): nothing.

The short form swaps a folder thirty times each way; `CAPAS_SWAPS=1000 ./capas test --part accounts`
is the long one.
"""

from __future__ import annotations

import json
import os

import pytest

pytestmark = pytest.mark.accounts

ATTACKS = (
    "swap of the project",
    "swap of a folder in it",
    "code of a checkout",
    "a stamp that waits",
    "code in the current folder",
    "keys of root's terminal",
)


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_on_root_gains_nothing(attack: str) -> None:
    told = os.environ.get("CAPAS_ATTACK")
    if told is None:
        # Only root can be attacked; in CI a skipped test is a failure.
        pytest.skip("nobody attacked root: `./capas test` does when root calls it")
    assert told.startswith("{"), told
    found = json.loads(told)
    assert found["swaps"] > 0
    assert found["gained"][attack] == ""
