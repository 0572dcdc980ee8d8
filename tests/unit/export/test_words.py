"""Single words of exported files, at the edges of what their readers take."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pipeline.errors import UsageError
from pipeline.export.kubernetes import _literal, _renamed
from pipeline.export.unit import _argument, _field, _quoted


@pytest.mark.parametrize(
    ("check", "inside", "outside"),
    [
        (_argument, "\0\ud800\udabc\udfff", "\u0001\ud7ff\ue000"),
        (_quoted, "\ufdd0\ufdde\ufdef\ufffe\uffff\U0001fffe\ud800", "\ufdcf\ufdf0\ufffda"),
    ],
)
def test_what_no_unit_can_hold(check: Callable[[str, str], str], inside: str, outside: str) -> None:
    for character in inside:
        with pytest.raises(UsageError, match="a value of `Exec`"):
            check("Exec", f"a{character}")
    for character in outside:
        assert check("Exec", f"a{character}")


@pytest.mark.parametrize(
    ("text", "field"),
    [("a", "a"), ("a,b", '"a,b"'), ('a"b', '"a""b"'), (" a", '" a"'), ("a ", '"a "'), ("", "")],
)
def test_a_field_of_a_list_is_quoted_only_where_it_must_be(text: str, field: str) -> None:
    assert _field(text) == field


@pytest.mark.parametrize(
    ("text", "literal"),
    [("$a", "$a"), ("$(a)", "$$(a)"), ("$$", "$$$$"), ("$$ $(a)", "$$$$ $$(a)"), ("a", "a")],
)
def test_kubernetes_expands_nothing(text: str, literal: str) -> None:
    assert _literal(text) == literal


def test_names_that_kubernetes_changes_or_refuses_are_told() -> None:
    assert list(_renamed(["web", "My_App"])) == ["My_App is called my-app there"]
    (said,) = _renamed(["a" * 64])
    assert said.startswith(f"Kubernetes refuses the name {'a' * 64}: it takes at most 63 letters")
    assert list(_renamed(["a" * 63])) == []
