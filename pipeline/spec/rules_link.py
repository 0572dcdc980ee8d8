"""Where a rule is explained: its anchor on the page that comes along with the program."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parents[1]


def anchor(rule: str) -> str:
    """The anchor of a rule on docs/rules.md."""
    return rule.lower()


def rules_page_uri() -> str:
    """The page's address on this machine, or "" where it did not come along.

    A checkout has it among its pages, and the wheel brings it into the package.
    """
    for page in (_PACKAGE / "docs" / "rules.md", _PACKAGE.parent / "docs" / "rules.md"):
        if page.is_file():
            return page.as_uri()
    return ""


def rule_uri(rule: str) -> str:
    """Where a rule is explained, or ""."""
    page = rules_page_uri()
    return page and f"{page}#{anchor(rule)}"
