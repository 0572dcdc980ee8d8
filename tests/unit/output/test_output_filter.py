"""Nothing that came from elsewhere acts on a terminal or a CI's log."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.output.output_filter import FilteredOutput, guard_outputs, inner, write_commands
from pipeline.output.paint import Paint, paint_for

C0 = [chr(n) for n in range(0x20) if chr(n) not in "\t\n"]
C1 = [chr(n) for n in range(0x7F, 0xA0)]
UNSEEN = list(
    "\u2028\u2029\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)
SEQUENCES = ["\x1b[2J", "\x1b]0;title\x07", "\x1b]8;;http://x\x1b\\", "\x9b31m", "\udcff", "\ufeff"]


def written(*texts: str, guarded: bool = False) -> str:
    stream = io.StringIO()
    outlet = FilteredOutput(stream, guarded=guarded)
    for text in texts:
        outlet.write(text)
    return stream.getvalue()


@pytest.mark.parametrize("text", [*C0, *C1, *UNSEEN, *SEQUENCES], ids=ascii)
def test_what_acts_or_is_unseen_is_shown(text: str) -> None:
    shown = written(f"a{text}b\tc\n")
    assert shown.isascii()
    assert not set(shown) & {*C0, *C1}
    assert re.fullmatch(r"a\\(x[0-7][0-9a-f]|u[0-9a-f]{4}).*b\tc\n", shown), shown


def test_what_people_read_stays() -> None:
    text = "Straße 東京 👩\u200d💻 ✓ → …\t|\n"
    assert written(text) == text


def test_our_colours_pass_and_those_of_others_do_not() -> None:
    stream = io.StringIO()
    outlet = FilteredOutput(stream, guarded=False)
    paint = Paint(True, outlet.mark)
    outlet.write(paint.tone("a\x1b[31mb", "bad"))
    assert stream.getvalue() == "\x1b[1;31ma\\x1b[31mb\x1b[0m"
    assert paint_for(outlet).escape == outlet.mark  # type: ignore[arg-type]
    assert not paint_for(outlet).on  # type: ignore[arg-type]


COMMANDS = ["::error::x", "::set-output name=a::b", "::add-mask::x", "::stop-commands::t", "::::"]
BLANKS = ["", " ", "    ", "\t", "\u00a0", "\u3000 ", "\u1680"]


@pytest.mark.parametrize("blanks", BLANKS, ids=ascii)
@pytest.mark.parametrize("command", COMMANDS)
def test_no_line_is_a_command(blanks: str, command: str) -> None:
    for lines in (f"{blanks}{command}\n", f"a\n{blanks}{command}", f"{blanks}{command}\n" * 2):
        assert not carried_out(written(lines, guarded=True))
    assert written(f"a {command}\n", guarded=True) == f"a {command}\n"


@pytest.mark.parametrize(
    "text", ["##[error]x", "a ##[add-mask]x", "##vso[task.x]y", "##teamcity[x]"]
)
def test_no_command_in_brackets_is_left(text: str) -> None:
    assert not carried_out(written(f"{text}\n", guarded=True))
    assert not carried_out(written(*text, "\n", guarded=True))


def test_our_own_commands_are_carried_out() -> None:
    stream = io.StringIO()
    FilteredOutput(stream, guarded=True).write_commands("::error file=a::b \x1b ##[x]\n")
    assert stream.getvalue() == "::error file=a::b \\x1b #\\u0023[x]\n"


@given(st.lists(st.text(st.sampled_from(":#[] \n\tavso\x1b\u202e"), max_size=9), max_size=6))
def test_however_a_text_is_cut_into_pieces_no_line_is_a_command(pieces: Sequence[str]) -> None:
    shown = written(*pieces, guarded=True)
    assert not carried_out(shown)
    for sign in ("\x1b", "\u202e"):
        assert sign not in shown


def carried_out(text: str) -> list[str]:
    """Lines that a runner takes for commands (actions/runner, ActionCommand.cs, ActionManager)."""
    return [
        line
        for line in text.split("\n")
        if line.lstrip().startswith("::") or re.search(r"##(vso|teamcity)?\[", line)
    ]


def test_both_outputs_are_replaced_once(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    monkeypatch.setattr(sys, "stdout", sys.stdout)
    monkeypatch.setattr(sys, "stderr", sys.stderr)
    guard_outputs({"GITHUB_ACTIONS": "true"})
    guard_outputs({})
    assert not isinstance(inner(sys.stdout), FilteredOutput)
    print("::error::a\x1b[0m")  # noqa: T201
    sys.stderr.writelines(["  ::error::b\n", "\u202ec\n"])
    write_commands("::notice::ours\n")
    told = capsys.readouterr()
    assert told.out == ":\\u003aerror::a\\x1b[0m\n::notice::ours\n"
    assert told.err == "  :\\u003aerror::b\n\\u202ec\n"
