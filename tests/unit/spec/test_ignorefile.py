from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.spec.ignorefile import IgnoreRules, find_ignore_file, load_ignore_rules, parse_ignore

FILE = Path(".containerignore")


def rules(*lines: str) -> IgnoreRules:
    return parse_ignore("\n".join(lines), FILE)


@pytest.mark.parametrize(
    ("lines", "path", "excluded"),
    [
        (["a"], "a", True),
        (["a"], "a/b", True),
        (["a"], "b/a", False),
        (["/a/"], "a", True),
        ([" /a"], "a", False),
        (["a/\r"], "a", True),
        (["#a"], "#a", False),
        ([" #a"], "#a", True),
        (["*.py"], "b/x.py", False),
        (["**/*.py"], "b/x.py", True),
        (["**/*.py"], "x.py", True),
        (["**"], "a/b", True),
        (["a/**"], "a", False),
        (["a/**"], "a/b/c", True),
        (["a/**/b"], "a/b", True),
        (["*", "!a"], "a", False),
        (["*", "!a"], "a/b", False),
        (["!a", "*"], "a", True),
        (["a", "!a/b"], "a/b/c", False),
        (["a", "! a"], "a", True),
        (["a/../b"], "b", True),
        (["a.c"], "abc", False),
        (["a?c"], "a/c", False),
        (["[a-c]"], "b", True),
        (["[^a-c]"], "b", False),
        (["."], "a", False),
        (["/"], "a", False),
        (["a+b"], "a+b", False),
        (["a+b"], "aab", True),
        ([r"a\+b"], "a+b", True),
        (["a|b"], "ax", True),
        (["(ab)"], "ab", True),
        (["a{2}"], "aa", True),
        (["a{,2}"], "aa", False),
        (["*a*b*"], "xaxbx", True),
        (["***"], "a/b", True),
    ],
)
def test_what_is_left_out(lines: list[str], path: str, excluded: bool) -> None:
    assert rules(*lines).excludes(path) is excluded


@pytest.mark.parametrize(
    "line", ["!", "!/", "[", "a[", "[a-", "a\\", "a++", "+", "(a", "a)", r"\y"]
)
def test_what_buildah_refuses_is_told(line: str) -> None:
    (one,) = [f for f in rules("ok", line).findings if f.rule == "CAP206"]
    assert (one.line, one.severity) == (2, "error")


def test_operators_are_told() -> None:
    (one,) = rules("# c++", "c++ notes".replace("++", "+")).findings
    assert (one.line, one.rule) == (2, "CAP236")
    assert rules(r"c\+\+", "[+]").findings == ()


def test_which_file_counts(tmp_path: Path) -> None:
    context = tmp_path / "context"
    context.mkdir()
    containerfile = tmp_path / "Containerfile"
    order = [
        context / ".dockerignore",
        context / ".containerignore",
        tmp_path / "Containerfile.containerignore",
        tmp_path / "Containerfile.dockerignore",
    ]
    assert find_ignore_file(context, containerfile) is None
    for path in order:
        path.write_text("a\n")
        assert find_ignore_file(context, containerfile) == path
        assert load_ignore_rules(context, containerfile).path == path


def test_an_ignore_file_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / ".containerignore").mkdir()
    os.mkfifo(tmp_path / "Containerfile.containerignore")
    for containerfile in ("Containerfile", "other"):
        (one,) = load_ignore_rules(tmp_path, tmp_path / containerfile).findings
        assert one.rule == "CAP206"


@given(st.text(), st.text(min_size=1))
def test_no_text_is_an_error_of_ours(text: str, path: str) -> None:
    parse_ignore(text, FILE).excludes(path)


@given(st.lists(st.text("a/*?!.[]^-+(){}|\\b", max_size=10)), st.text("ab/", min_size=1))
def test_no_pattern_is_an_error_of_ours(lines: list[str], path: str) -> None:
    found = parse_ignore("\n".join(lines), FILE)
    assert found.excludes(path) in {True, False}


@pytest.mark.parametrize("pattern", ["*a" * 30 + "b", "**/" * 30 + "b", "a*" * 100])
def test_many_stars_are_no_trap(pattern: str) -> None:
    started = time.process_time()
    rules(pattern).excludes("a" * 240)
    rules(pattern).excludes("/".join("a" * 30))
    assert time.process_time() - started < 5
