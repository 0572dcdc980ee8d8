from __future__ import annotations

import pytest

from pipeline.spec.dotenv import parse_dotenv
from pipeline.spec.problem import BadForm


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("A=1", "1"),
        ("  export A = 1  ", "1"),
        ("A=", ""),
        ("A=one two # a comment", "one two"),
        ("A=one#two", "one#two"),
        ("A=#nothing", ""),
        ("A='${B} # \\n'", "${B} # \\n"),
        ('A="a \\"b\\" \\\\ \\n" # c', 'a "b" \\ \n'),
        ("A=a=b", "a=b"),
        ("A='it' is", "'it' is"),
        ("A=ü", "ü"),
    ],
)
def test_one_line(line: str, value: str) -> None:
    assert parse_dotenv(line) == {"A": value}


def test_a_later_line_wins_and_comments_say_nothing() -> None:
    assert parse_dotenv("# A=0\n\nA=1\r\nB=2\n  # x\nA=3\n") == {"A": "3", "B": "2"}


@pytest.mark.parametrize("text", ["A", "1A=2", "A B=2", "=1", "[table]"])
def test_a_line_that_is_no_assignment_is_named(text: str) -> None:
    with pytest.raises(BadForm, match="line 2"):
        parse_dotenv(f"A=1\n{text}\n")
