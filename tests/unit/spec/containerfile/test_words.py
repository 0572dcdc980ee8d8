from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.spec.containerfile.words import (
    NotStrings,
    Span,
    json_list,
    split_blanks,
    split_keyword,
    split_words,
    take_flags,
)


def span(text: str) -> Span:
    return Span(text, 0, len(text))


def texts(words: object) -> list[str]:
    assert isinstance(words, tuple)
    return [word.text for word in words]


def test_keyword_and_the_rest() -> None:
    keyword, rest = split_keyword(span("  COPY\t a  b "))
    assert (keyword.text, str(rest)) == ("COPY", "a  b")


@pytest.mark.parametrize(
    ("text", "flags", "rest"),
    [
        ("--from=a --chown=1:2 x y", ["--from=a", "--chown=1:2"], "x y"),
        ('--chown="a b" x', ["--chown=a b"], "x"),
        (r"--chown=a\ b x", ["--chown=a b"], "x"),
        ("-- --from=a", [], "--from=a"),
        ("-x --from=a", [], "-x --from=a"),
        ("--from=a", ["--from=a"], ""),
        ("--from='a", ["--from=a"], ""),
        ("--from=a\\", ["--from=a"], ""),
        ("", [], ""),
    ],
)
def test_flags_stand_in_front(text: str, flags: list[str], rest: str) -> None:
    found, left = take_flags(span(text))
    assert (texts(found), str(left)) == (flags, rest)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('A="b c" D=e', ['A="b c"', "D=e"]),
        (r"A=b\ c D", [r"A=b\ c", "D"]),
        ("A='b\\' c", ["A='b\\'", "c"]),
        (r'A="b\" c" d', [r'A="b\" c"', "d"]),
        ("A=b\\", ["A=b"]),
        ('A="b', ['A="b']),
        ("", []),
        ('"" x', ['""', "x"]),
    ],
)
def test_words_keep_their_quotes(text: str, words: list[str]) -> None:
    assert texts(split_words(span(text), "\\")) == words


def test_the_escape_directive_changes_what_escapes() -> None:
    assert texts(split_words(span(r"A=b\ c"), "`")) == ["A=b\\", "c"]
    assert texts(split_words(span("A=b` c"), "`")) == ["A=b` c"]


def test_blanks_split_even_inside_quotes() -> None:
    assert texts(split_blanks(span('"a b" \t c'))) == ['"a', 'b"', "c"]


def test_json_list() -> None:
    words = json_list(span(r' [ "a b", "\"", "\u00e9" ] and the rest is ignored'))
    assert words is not None
    assert texts(words) == ["a b", '"', "é"]
    assert [word.start for word in words] == [3, 10, 16]


@pytest.mark.parametrize("text", ["", "a", "['a']", '["a",]', '["a"', "[NaN]", "[" * 20_000])
def test_no_json_list(text: str) -> None:
    assert json_list(span(text)) is None


@pytest.mark.parametrize("text", ['["a", 1]', "[null]", "[[]]", "[1.5]", "[" + "9" * 6000 + "]"])
def test_a_json_list_of_something_else_is_refused(text: str) -> None:
    with pytest.raises(NotStrings):
        json_list(span(text))


@given(st.lists(st.text()))
def test_any_list_of_texts_comes_back(items: list[str]) -> None:
    text = json.dumps(items)
    words = json_list(span(text))
    assert words is not None
    assert texts(words) == items
    assert [json.loads(text[word.start : word.end]) for word in words] == items
