from __future__ import annotations

import pytest

from pipeline.bootstrap.messages import Stop, print_message, print_stop


def test_what_a_tool_says_does_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    print_message("a\x1b[31m\x9b\u202e\udcffb ✓")
    print_stop(Stop("apt failed", "::error::x\n  ##[add-mask]y\r", "again"))
    assert capsys.readouterr().err.split("\n") == [
        "a\\x1b[31m\\x9b\\u202e\\udcffb ✓",
        "error: apt failed",
        "  :\\u003aerror::x",
        "    #\\u0023[add-mask]y",
        "  → again",
        "",
    ]
