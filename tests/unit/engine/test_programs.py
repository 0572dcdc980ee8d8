"""Programs are found where `shutil.which` (the witness) finds them."""

from __future__ import annotations

import itertools
import os
import shutil
from pathlib import Path

import pytest

from pipeline.engine.programs import find_program


@pytest.fixture
def folders(tmp_path: Path) -> list[str]:
    """Folders in which `tool` is a program, a file, a folder, a broken link, or missing."""
    kinds = ["program", "file", "folder", "link", "missing"]
    for kind in kinds:
        place = tmp_path / kind / "tool"
        place.parent.mkdir()
        if kind == "folder":
            place.mkdir()
        elif kind == "link":
            place.symlink_to("nothing")
        elif kind != "missing":
            place.write_text("#!/bin/sh\n")
            place.chmod(0o755 if kind == "program" else 0o644)
    return [str(tmp_path / kind) for kind in kinds] + ["", str(tmp_path / "no such")]


def test_a_program_is_found_as_the_shell_does(
    folders: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for some in itertools.permutations(folders, 3):
        path = os.pathsep.join(some)
        assert find_program("tool", path) == shutil.which("tool", path=path)
        monkeypatch.setenv("PATH", path)
        assert find_program("tool") == shutil.which("tool")
    monkeypatch.delenv("PATH")
    assert find_program("sh") == shutil.which("sh")
    assert find_program("no-such-program") is None
