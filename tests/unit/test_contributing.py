"""What the pages for contributors name is there, and what is there they name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
PAGES = (CHECKOUT / "CONTRIBUTING.md", CHECKOUT / "docs" / "architecture.md")
_PATH = re.compile(r"(?<![\w/.])(?:pipeline|tests|specs|docs)/[\w./-]*\w/?")
_VARIABLE = re.compile(rb"\bCAPAS_[A-Z_]+\b")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_that_a_page_names_exists(page: Path) -> None:
    named = set(_PATH.findall(page.read_text()))
    assert len(named) > 20
    assert [path for path in sorted(named) if not (CHECKOUT / path).exists()] == []


def test_every_package_is_on_the_map() -> None:
    page = PAGES[1].read_text()
    packages = {path.parent.name for path in (CHECKOUT / "pipeline").glob("*/__init__.py")}
    packages |= {f"`{p.parent.name}`" for p in (CHECKOUT / "pipeline").glob("[bd]*/*/__init__.py")}
    assert [name for name in sorted(packages) if name not in page] == []


def test_every_variable_is_explained() -> None:
    used = {
        name.decode()
        for folder in ("pipeline", "tests")
        for path in (CHECKOUT / folder).rglob("*.py")
        for name in _VARIABLE.findall(path.read_bytes())
    }
    page = PAGES[0].read_text()
    assert [name for name in sorted(used) if name not in page] == []
