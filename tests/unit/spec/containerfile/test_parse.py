from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.spec.containerfile import Containerfile, Heredoc, parse


def read(text: str) -> Containerfile:
    return parse(text, Path("Containerfile"))


def told(text: str) -> list[str]:
    return [f"{f.line}:{f.column} {f.rule} {f.message}" for f in read(text).findings]


def test_stages_and_their_names() -> None:
    file = read(
        "ARG V=1\n"
        "FROM base:$V AS build\n"
        "RUN make\n"
        "from --platform=linux/arm64 build as Two\n"
        "FROM scratch\n"
        "COPY --from=build /x /x\n"
    )
    assert file.findings == ()
    assert [i.arguments for i in file.global_args] == [("V=1",)]
    assert [(s.index, s.name, s.base, s.platform) for s in file.stages] == [
        (0, "build", "base:$V", None),
        (1, "Two", "build", "linux/arm64"),
        (2, "2", "scratch", None),
    ]
    assert file.stages[2].instructions[0].flag("from") == "build"
    assert file.stage("build") is file.stages[0]
    assert file.stage("2") is file.stage("2") is file.stages[2]
    assert file.stage("7") is file.stage("nobody") is None


def test_continued_lines_are_one_text_without_comments() -> None:
    (run,) = (
        read("FROM a\n  RUN one \\ \n# no\n  # no\n   two \\\nthree  \n").stages[0].instructions
    )
    assert run.text == "RUN one    two three  "
    assert (run.start_line, run.end_line, run.where) == (2, 6, (2, 3))
    assert run.place(run.text.index("three")) == (6, 1)
    assert run.place(run.text.index("two")) == (5, 4)


def test_a_comment_that_ends_in_a_backslash_goes_on_nowhere() -> None:
    assert [i.text for i in read("# x \\\nFROM a\n").instructions] == ["FROM a"]


def test_the_backtick_as_escape() -> None:
    file = read("# escape=`\nFROM a\nRUN b `\n c\\\nCMD d\n")
    assert [i.text for i in file.instructions] == ["FROM a", "RUN b  c\\", "CMD d"]


@pytest.mark.parametrize(
    ("text", "findings"),
    [
        ("#escape=x\nFROM a\n", ["1:9 CAP201 'x' is not an escape character"]),
        ("# escape=`\n# Escape=\\\nFROM a\n", ["2:1 CAP201 a second escape directive"]),
        (
            "# syntax=docker/dockerfile:1\n# escape=`\nFROM a\n",
            ["2:1 CAP237 this escape directive is read as a comment"],
        ),
        ("FROM a\n# escape=`\n", []),
        ("FROM a\nRUN b \\\n\n c\n", ["3:1 CAP234 an empty line inside a continued instruction"]),
        ("", ["0:0 CAP203 no FROM"]),
        ("ARG A\n", ["0:0 CAP203 no FROM"]),
        ("ENV A=b\nFROM a\n", ["1:1 CAP203 ENV stands before the first FROM"]),
        ("FROM a\nENV A\n", ["2:5 CAP201 ENV A has no value"]),
        ("FROM a\nLABEL A=b \\\n  c\n", ["3:3 CAP201 c is not NAME=value"]),
        ('FROM a\nCMD ["a", 1]\n', ["2:5 CAP201 a JSON list with something else than texts"]),
        ("FROM a\nCOPY <<E /x\nb\n", [
            "2:6 CAP201 no line ends the heredoc E",
            "2:6 CAP205 heredocs need Buildah 1.33; 1.28 reads the lines below as instructions",
        ]),
    ],
)  # fmt: skip
def test_what_the_parser_refuses_is_told_with_its_place(text: str, findings: list[str]) -> None:
    assert told(text) == findings


def test_a_line_that_buildah_would_drop_is_told() -> None:
    assert told("FROM a\nRUN " + "x" * 65_531 + "\n") == []
    (line,) = told("FROM a\nRUN " + "x" * 65_532 + "\n")
    assert line.startswith("2:0 CAP201")


def test_forms_of_arguments() -> None:
    file = read(
        "FROM a\n"
        'COPY ["a b", "/x/"]\n'
        "COPY a  b\t/x/\n"
        "RUN [ -f x ]\n"
        "ENV A=\"b c\" D=e\\ f G=\n"
        "ENV old way of=it\n"
        "ARG A=1 B\n"
        "HEALTHCHECK --interval=5s CMD [\"a\", \"b\"]\n"
        "HEALTHCHECK NONE\n"
        "ONBUILD COPY --from=x . /app\n"
        "EXPOSE 80 443/tcp\n"
        "USER  me \n"
        "CMD []\n"
    )  # fmt: skip
    assert file.findings == ()
    first = file.stages[0].instructions
    assert [(i.keyword, i.arguments, i.json) for i in first] == [
        ("COPY", ("a b", "/x/"), True),
        ("COPY", ("a", "b", "/x/"), False),
        ("RUN", ("[ -f x ]",), False),
        ("ENV", ("A", '"b c"', "D", "e\\ f", "G", ""), False),
        ("ENV", ("old", "way of=it"), False),
        ("ARG", ("A=1", "B"), False),
        ("HEALTHCHECK", ("CMD", "a", "b"), True),
        ("HEALTHCHECK", ("NONE",), False),
        ("ONBUILD", (), False),
        ("EXPOSE", ("80", "443/tcp"), False),
        ("USER", ("me",), False),
        ("CMD", (), True),
    ]
    trigger = first[8].trigger
    assert trigger is not None
    assert (trigger.keyword, trigger.arguments, trigger.flag("from")) == (
        "COPY",
        (".", "/app"),
        "x",
    )


def test_heredocs() -> None:
    file = read(
        "FROM a\nCOPY <<ONE <<-'TWO' /x/\n1\n$A\nONE\n\t2\n\tTWO\nRUN 3<<E cat\nE\nRUN ls <<< x\n"
    )
    copy, run, ls = file.stages[0].instructions
    assert copy.heredocs == (
        Heredoc("ONE", "1\n$A\n", expand=True, chomp=False),
        Heredoc("TWO", "2\n", expand=False, chomp=True),
    )
    assert copy.end_line == 7
    assert run.heredocs == (Heredoc("E", "", expand=True, chomp=False, descriptor=3),)
    assert ls.heredocs == ()
    assert [f.rule for f in file.findings] == ["CAP205", "CAP205"]


def test_windows_line_ends_and_a_byte_order_mark() -> None:
    file = read("\ufeffFROM a\r\nRUN b \\\r\n c\r\n")
    assert [i.text for i in file.instructions] == ["FROM a", "RUN b  c"]


def test_onbuild_in_onbuild_is_not_followed() -> None:
    (onbuild,) = read("FROM a\n" + "ONBUILD " * 50_000).stages[0].instructions
    assert onbuild.trigger is not None
    assert onbuild.trigger.trigger is None


_LINES = st.lists(
    st.sampled_from(
        ["FROM a", "RUN b", "COPY c d \\", "  # e", "", "ENV f=g \\", "h='i j'", '["k"]', "CMD \\"]
    )
)


@given(_LINES)
def test_every_word_stands_where_it_says(lines: list[str]) -> None:
    text = "\n".join(lines)
    for instruction in read(text).instructions:
        for word in instruction.words:
            line, column = instruction.place(word.start)
            raw = instruction.text[word.start : word.end]
            there = lines[line - 1][column - 1 :]
            assert there.startswith(raw) or raw.startswith(there.rstrip("\\ "))


@given(st.text())
def test_no_text_is_an_error_of_ours(text: str) -> None:
    file = read(text)
    assert list(file.findings) == sorted(file.findings)
