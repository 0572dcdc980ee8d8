"""The Containerfile that Buildah is given."""

from __future__ import annotations

import pytest

from pipeline.build import recipe
from pipeline.engine import labels
from pipeline.errors import UsageError


def test_the_labels_come_last_and_sorted() -> None:
    text = recipe.with_labels("FROM scratch\nCOPY a /a", None, {"b": "2", "a": "1"})
    assert text == 'FROM scratch\nCOPY a /a\nLABEL "a"="1" "b"="2"\n'


def test_what_follows_the_target_is_left_out() -> None:
    text = recipe.with_labels("FROM a AS x\nRUN one\nFROM b\nRUN two\n", 2, {"a": "1"})
    assert text == 'FROM a AS x\nRUN one\nLABEL "a"="1"\n'


def test_a_value_keeps_its_quotes_dollars_and_backslashes() -> None:
    assert recipe.label_instruction({"a": 'x "y" $z \\'}) == r'LABEL "a"="x \"y\" \$z \\"'


def test_a_value_with_a_line_break_is_refused() -> None:
    with pytest.raises(UsageError, match="line break"):
        recipe.label_instruction({"a": "x\ny"})


def test_our_own_instruction_is_known_again() -> None:
    assert recipe.is_label_instruction(recipe.label_instruction({labels.PIPELINE: "demo"}))
    assert not recipe.is_label_instruction('LABEL "a"="1"')
