"""Completion in shells: for the program as it is typed."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.tasks.completion import SHELLS, script

CHECKOUT = Path(__file__).parents[3]


def completed(folder: Path, *words: str) -> list[str]:
    """What bash proposes for the last word."""
    typed = " ".join(map(shlex.quote, words))
    lines = [
        "source <(./capas --print-completion-script bash)",
        f"COMP_WORDS=({typed}); COMP_CWORD={len(words) - 1}",
        f"_complete_capas {shlex.quote(words[0])} {shlex.quote(words[-1])}",
        "printf '%s\\n' \"${COMPREPLY[@]}\"; complete -p",
    ]
    argv = ["bash", "--norc", "-c", "\n".join(lines)]
    done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout.split("\n")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with `./capas`."""
    own = shlex.join(["env", f"PYTHONPATH={CHECKOUT}", sys.executable, "-m", "pipeline"])
    (tmp_path / "capas").write_text(f'#!/bin/sh\nexport CAPAS_PROGRAM=$0\nexec {own} "$@"\n')
    (tmp_path / "capas").chmod(0o755)
    return tmp_path


@pytest.mark.parametrize(
    ("words", "proposed"),
    [
        (("./capas", "depl"), "deploy"),
        (("./capas", "deploy", "--dr"), "--dry-run"),
        (("./capas", "volume.ba"), "volume.backup"),
    ],
)
def test_bash_completes_the_program_as_it_is_typed(
    folder: Path, words: tuple[str, ...], proposed: str
) -> None:
    found = completed(folder, *words)
    assert found[0] == proposed
    assert found[1] == "complete -o default -F _complete_capas capas"


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_names_the_program_and_not_the_file_that_python_runs(shell: str) -> None:
    assert "__main__" not in script(shell, "./capas")
    assert " capas" in script(shell, "./capas")
    assert "capas course" in script(shell, "/home/u/bin/course"), "a link is completed too"
    assert "$(reboot)" not in script(shell, "/x/$(reboot)")
