"""No test is left out in silence: pytest passes over folders by their names."""

from __future__ import annotations

from fnmatch import fnmatch
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]


def test_every_folder_of_tests_is_looked_into(request: pytest.FixtureRequest) -> None:
    patterns = request.config.getini("norecursedirs")
    folders = {path.relative_to(TESTS).parent for path in TESTS.rglob("test_*.py")}
    left_out = [
        str(folder)
        for folder in folders
        for part in folder.parts
        if any(fnmatch(part, pattern) for pattern in patterns)
    ]
    assert left_out == []
