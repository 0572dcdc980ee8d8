from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from pipeline.output.findings.finding import Finding
from pipeline.output.findings.plain_text import (
    WIDTH,
    excerpt,
    findings_text,
    lines_of_file,
    visible,
)
from pipeline.output.findings.report import summary
from pipeline.output.paint import Paint

FINDING = Finding(
    Path("a.toml"), 2, 3, "CAP101", "no image", hint="did you mean `b`?", end_column=6
)


def test_a_finding_shows_its_line_with_a_caret() -> None:
    told = findings_text([FINDING], lambda _: ["first", "a=bcd"], Paint(on=False))

    assert told == (
        "a.toml:2:3: CAP101: error: no image\n"
        "    2 | a=bcd\n"
        "      |   ^^^\n"
        "      = did you mean `b`?\n"
    )


def test_a_file_that_cannot_be_shown_is_left_out() -> None:
    told = findings_text([FINDING], lambda _: (), Paint(on=False))

    assert told == "a.toml:2:3: CAP101: error: no image\n      = did you mean `b`?\n"


def test_colours_only_add_escape_sequences() -> None:
    told = findings_text([FINDING], lambda _: ["first", "a=bcd"], Paint(on=True))

    assert "\x1b[1;31merror\x1b[0m" in told


def test_a_tab_keeps_the_caret_below_its_word() -> None:
    assert excerpt('\tkey = "x"', 8, 11) == (' key = "x"', "       ^^^")


def test_wide_letters_move_the_caret() -> None:
    assert excerpt('名 = "x"', 5, 8) == ('名 = "x"', "     ^^^")


def test_a_long_line_is_cut_around_the_place() -> None:
    source, caret = excerpt("a" * 500 + "HERE" + "b" * 500, 501, 505)

    assert source.startswith("…")
    assert source.endswith("…")
    start = caret.index("^")
    assert source[start : start + 4] == "HERE"


def test_control_characters_never_reach_the_terminal() -> None:
    assert visible("a\x1b[2Jb\tc") == "a\\x1b[2Jb c"


@given(
    st.text(st.characters(blacklist_characters="\n"), max_size=300),
    st.integers(0, 320),
    st.integers(0, 320),
)
def test_any_place_of_any_line_can_be_shown(line: str, column: int, end: int) -> None:
    source, caret = excerpt(line, column, end)

    assert source.isprintable()
    assert len(source) <= 10 * WIDTH
    assert set(caret) <= {" ", "^"}
    assert ("^" in caret) == (column > 0)


def test_only_small_text_files_are_read(tmp_path: Path) -> None:
    (tmp_path / "large").write_text("x" * (1024 * 1024 + 1))
    (tmp_path / "latin").write_bytes(b"caf\xe9")

    assert lines_of_file(tmp_path / "large") == ()
    assert lines_of_file(tmp_path / "latin") == ()
    assert lines_of_file(tmp_path) == ()


def test_the_summary_counts_by_severity() -> None:
    warning = Finding(Path("a"), 1, 1, "CAP111", "w", "warning")

    assert summary([], 1) == "nothing found in 1 spec"
    assert summary([FINDING, warning, FINDING], 2) == "2 errors and 1 warning in 2 specs"
