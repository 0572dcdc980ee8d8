from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.spec.dotenv import parse_dotenv
from pipeline.spec.problem import BadForm
from tests.env_files import ENVIRONMENT, recorded


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("A=1", "1"),
        ("  export A = 1  ", "1"),
        ("A: 1", "1"),
        ("A=", ""),
        ("A=one two # a comment", "one two"),
        ("A=one#two", "one#two"),
        ("A=#ff8800", "#ff8800"),
        ("A= #ff8800", "#ff8800"),
        ("A=one\t#two", "one\t#two"),
        ("A='${B} # \\n'", "${B} # \\n"),
        ("A='it\\'s'", "it's"),
        ('A="a \\"b\\" \\\\ \\n" # c', 'a "b" \\ \n'),
        ('A="^\\d+\\.\\w$"', "^\\d+\\.\\w$"),
        ('A="\\$B $$C \\0101"', "$B $C A"),
        ("A=a\\nb", "a\\nb"),
        ("A=a=b", "a=b"),
        ("A=ü", "ü"),
        ("A=a\u2028b\x85c\fd", "a\u2028b\x85c\fd"),
        ('A="one\ntwo=2\n# three"', "one\ntwo=2\n# three"),
        ("A='one\r\ntwo'\r\n", "one\r\ntwo"),
        ("A=$HOME/x", "/home/me/x"),
        ('A="${HOME}/x"', "/home/me/x"),
        ("A=${NOPE:-${HOME}}", "/home/me"),
        ("A=${EMPTY:-x}${EMPTY-y}${HOME:+z}${NOPE+q}", "xz"),
        ("A=$(date) $1 $", "$(date) $1 $"),
        ("A", "the caller's"),
        ("export A # comment", "the caller's"),
    ],
)
def test_one_value(line: str, value: str) -> None:
    environ = {"HOME": "/home/me", "EMPTY": "", "A": "the caller's"}
    assert parse_dotenv(line, environ) == {"A": value}


def test_a_later_line_wins_and_comments_say_nothing() -> None:
    text = "# A=0\n\nA=1\r\nB=2\n  # x\nA=3\n"
    assert parse_dotenv(text, {}) == {"A": "3", "B": "2"}


def test_the_environment_comes_before_the_lines_above() -> None:
    text = "A=file\nB=file\nC=$A $B"
    assert parse_dotenv(text, {"A": "environment"})["C"] == "environment file"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("A B", "this is not `NAME=VALUE`"),
        ("1A=2", "this is not `NAME=VALUE`"),
        ("A B=2", "this is not `NAME=VALUE`"),
        ("=1", "this is not `NAME=VALUE`"),
        ("[table]", "this is not `NAME=VALUE`"),
        ('B="abc\nC=2\n', 'the quote " is not closed'),
        ("B='abc", "the quote ' is not closed"),
        ('B="x"y', "there is text after the value"),
        ("B=$NOPE", "the variable NOPE is not set"),
        ("B=${NOPE:?must}", "the variable NOPE is not set"),
        ("B=${A", "has no closing brace"),
        ("B=${}", "is not a variable reference"),
        ("B=${A.b}", "is not a variable reference"),
        ("B=${A:-{}}", "has a brace"),
        ('B="\\08"', "is not a character"),
        ("NOPE", "NOPE has no value"),
    ],
)
def test_what_is_not_understood_is_an_error_with_its_line(text: str, message: str) -> None:
    with pytest.raises(BadForm) as caught:
        parse_dotenv(f"A=1\n\n{text}\n", {})
    assert caught.value.message.startswith("line 3: ")
    assert message in caught.value.message


def test_every_value_that_docker_compose_read_is_ours_or_an_error() -> None:
    equal = refused = 0
    for text, theirs in recorded():
        try:
            ours = parse_dotenv(text, ENVIRONMENT)
        except BadForm:
            refused += 1
            continue
        assert ours == theirs, text
        equal += 1
    # An error where Compose guesses is allowed, but most files are ordinary.
    assert equal > 2 * refused > 0


def test_an_error_does_not_show_what_may_be_a_password() -> None:
    for text in ("hunter2 x", '"hunter2"', 'A="x" hunter2', "A=${hunter2", "A=${B:-hunter2{}}"):
        with pytest.raises(BadForm) as caught:
            parse_dotenv(text, {})
        assert "hunter2" not in f"{caught.value.message}{caught.value.hint}"


@given(st.text(), st.dictionaries(st.sampled_from("ABC"), st.text()))
def test_any_text_is_read_or_refused(text: str, environ: dict[str, str]) -> None:
    with suppress(BadForm):
        parse_dotenv(text, environ)


@given(st.text(st.characters(exclude_characters="'\\", exclude_categories=["Cs"])))
def test_a_value_in_single_quotes_is_what_stands_there(value: str) -> None:
    assert parse_dotenv(f"A='{value}'\nB=1", {}) == {"A": value, "B": "1"}
