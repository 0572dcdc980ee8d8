from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.spec.containerfile.expand import BadWord, NeedsNewerBuildah, expand

VALUES = {"A": "one", "B": "two words", "E": "", "_c1": "3"}


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("plain", "plain"),
        ("$A", "one"),
        ("${A}x", "onex"),
        ("$Ax", ""),
        ("$_c1-", "3-"),
        ("$", "$"),
        ("$-", "$-"),
        ("$1x", "x"),
        ("${E:-d}", "d"),
        ("${A:-d}", "one"),
        ("${N:-$A ${E:-x}}", "one x"),
        ("${A:+d}", "d"),
        ("${E:+d}", ""),
        ("'$A'", "$A"),
        ('"$A b"', "one b"),
        (r'"\$A \" \x"', r'$A " \x'),
        (r"\$A", "$A"),
        (r"a\ b", "a b"),
        ("a\\", "a"),
        ("'it'\"s\"", "its"),
    ],
)
def test_expand(word: str, text: str) -> None:
    assert expand(word, VALUES).text == text


@pytest.mark.parametrize(
    ("word", "words"),
    [
        ("$B", ("two", "words")),
        ('"$B"', ("two words",)),
        ("x$B", ("xtwo", "words")),
        ("$E", ()),
        (r"a\ b", ("a b",)),
    ],
)
def test_only_what_is_not_quoted_is_cut(word: str, words: tuple[str, ...]) -> None:
    assert expand(word, VALUES).words == words


def test_what_has_no_value_is_named() -> None:
    done = expand("$N ${M:-x} $A", VALUES)
    assert sorted(done.missing) == ["M", "N"]
    assert sorted(done.bare) == ["N"]


@pytest.mark.parametrize("word", ["'a", '"a', "${A", "${A:-x", "${A!x}", "${A:=x}", "${A:", "${"])
def test_buildah_refuses(word: str) -> None:
    with pytest.raises(BadWord):
        expand(word, VALUES)


@pytest.mark.parametrize("word", ["${A:?x}", "${A#o}", "${A%e}", "${A/o/e}"])
def test_only_newer_ones_know(word: str) -> None:
    with pytest.raises(NeedsNewerBuildah):
        expand(word, VALUES)


def test_defaults_inside_defaults_end() -> None:
    with pytest.raises(BadWord):
        expand("${N:-" * 5000, VALUES)


@given(st.text("$A{}:-+'\"\\ x"))
def test_any_word_is_a_text_or_refused(word: str) -> None:
    try:
        done = expand(word, VALUES)
    except BadWord:
        return
    assert "".join(done.words) == "".join(done.words).strip("\n")
