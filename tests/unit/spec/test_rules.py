from __future__ import annotations

import re
from pathlib import Path

import pytest

from pipeline.spec.rule import Rule, by_id
from pipeline.spec.rules import RULES, finding


def test_ids_and_names_have_their_form() -> None:
    for key, rule in RULES.items():
        assert key == rule.id
        assert re.fullmatch(r"CAP\d{3}", rule.id)
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", rule.name)
        assert rule.why.endswith(".")


def test_no_two_rules_share_an_id_or_a_name() -> None:
    one = Rule("CAP998", "one", "error", "Why.")
    with pytest.raises(ValueError, match="CAP998"):
        by_id([one, Rule("CAP998", "two", "error", "Why.")])
    with pytest.raises(ValueError, match="one"):
        by_id([one, Rule("CAP999", "one", "error", "Why.")])


def test_a_finding_is_as_heavy_as_its_rule() -> None:
    assert finding("CAP220", Path("C"), 1, 2, "x").severity == RULES["CAP220"].severity
