from __future__ import annotations

import subprocess
import sys

import pytest

SAID = 'sys.stdout.write("a → b… ✓ ▓ ñ \\udcff 日\\n"); sys.stderr.write("→ ñ\\n")'


def said(encoding: str, call: str) -> tuple[bytes, bytes]:
    code = f"import sys; from pipeline.output.encoding import *; {call}; {SAID}"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONIOENCODING": encoding, "PYTHONPATH": "."},
        capture_output=True,
        check=True,
    )
    return done.stdout, done.stderr


@pytest.mark.parametrize(
    ("encoding", "out", "err"),
    [
        ("ascii", rb"a > b~ + + \xf1 \udcff \u65e5", rb"> \xf1"),
        ("latin-1", b"a > b~ + + \xf1 \\udcff \\u65e5", b"> \xf1"),
        ("utf-8", "a → b… ✓ ▓ ñ \\udcff 日".encode(), "→ ñ".encode()),
    ],
)
def test_every_character_is_said_in_every_locale(encoding: str, out: bytes, err: bytes) -> None:
    assert said(encoding, "say_all_plainly()") == (out + b"\n", err + b"\n")


def test_machines_get_utf8_in_every_locale() -> None:
    out, _ = said("ascii", "say_in_utf8()")
    assert out == "a → b… ✓ ▓ ñ \\udcff 日\n".encode()
