from __future__ import annotations

import json
from xml.etree import ElementTree

import pytest

from pipeline.output.document import Block, Code, Leaf, Listing, Report, Stack, Stacks, Table, Tree
from pipeline.output.render.report import rendered
from pipeline.output.sanitize import sanitized
from tests.unit.output.test_render_text import REPORT

NASTY = "a\x1b[31m\x00\udcff\tb"
HOSTILE = Report(
    NASTY,
    NASTY,
    (
        Table((NASTY,), ((Code(NASTY),),)),
        Stacks(NASTY, (Stack(NASTY, (Block(NASTY, NASTY, 1, "new", ((NASTY, NASTY),)),)),)),
        Tree(NASTY, NASTY, (Leaf(NASTY, "added", 1),)),
        Listing(f"-{NASTY}\n+b", "diff"),
    ),
    {"path": NASTY},
)


@pytest.mark.parametrize("format_name", ["text", "md", "html", "svg", "json"])
def test_no_format_lets_a_control_character_through(format_name: str) -> None:
    text = rendered(HOSTILE, format_name)
    assert text.encode()
    assert not {c for c in text if not c.isprintable()} - {"\n"}
    if format_name == "svg":
        ElementTree.fromstring(text)
    if format_name == "json":
        assert json.loads(text)["path"] == NASTY


def test_what_is_clean_stays_the_same_value() -> None:
    assert sanitized(REPORT) is REPORT


def test_line_feeds_stay() -> None:
    assert sanitized(Listing("a\nb")) == Listing("a\nb")
