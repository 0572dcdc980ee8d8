"""The pages are plain English, in lines of one width."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WIDTH = 100
GENERATED = {"spec.md", "rules.md"}
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")])
TELLS = re.compile(
    r"\b(anew|told|elsewhere|for ever|doors?|doorway|not ours|any more|make room|mends?"
    r"|mended|said so|take \S+ away|begins? at|is there already"
    r"|(?<!there )is no (number|valid|file|folder))\b"
)


def prose(page: Path) -> list[tuple[int, str]]:
    """The lines of a page with their numbers; without blocks of code and tables."""
    lines, fenced = [], False
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
        if line.lstrip().startswith("```"):
            fenced = not fenced
        elif not fenced and not line.startswith(("|", "<!--", "![")):
            lines.append((number, line))
    return lines


@pytest.mark.parametrize(
    "page", [p for p in PAGES if p.name not in GENERATED], ids=lambda p: p.name
)
def test_a_page_has_one_width(page: Path) -> None:
    wide = [f"{page.name}:{n}" for n, line in prose(page) if len(line) > WIDTH and " " in line]
    assert wide == []


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_a_page_has_no_tells_of_translated_english(page: Path) -> None:
    spoken = ((n, re.sub(r"`[^`]*`", "", line)) for n, line in prose(page))
    found = [f"{page.name}:{n}: {match[0]}" for n, line in spoken if (match := TELLS.search(line))]
    assert found == []
