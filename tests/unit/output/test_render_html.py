from __future__ import annotations

import re
from html.parser import HTMLParser

from pipeline.output.document import (
    Block,
    Code,
    Heatmap,
    Leaf,
    Mark,
    Report,
    Section,
    Stack,
    Stacks,
    Table,
    Tree,
)
from pipeline.output.render.html_page import render_html
from tests.unit.output.test_render_text import REPORT

VOID = {"meta", "input", "br"}


class Balanced(HTMLParser):
    """Fails on tags that are not closed in order; counts tags and ids."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.ids += [value or "" for name, value in attrs if name == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def parsed(page: str) -> Balanced:
    parser = Balanced()
    parser.feed(page)
    parser.close()
    assert parser.open == []
    assert len(parser.ids) == len(set(parser.ids))
    return parser


def test_every_word_has_its_markup_and_every_tag_is_closed() -> None:
    page = render_html(REPORT)
    tags = parsed(page).tags
    for tag in ("h1", "h2", "dl", "table", "figure", "button", "details", "pre", "aside"):
        assert tag in tags
    for text in ("The answer.", "Careful with this.", "1.00 kB", "not measured", "and 2 smaller"):
        assert text in page


def test_the_page_asks_for_nothing_from_outside() -> None:
    page = render_html(REPORT)
    assert not re.search(r"(?:src|href|url)\s*[=(]\s*[\"']?(?!#)", page.split("<body>")[1])
    assert "default-src 'none'" in page
    assert "@import" not in page
    assert "http://" not in page
    assert "https://" not in page


def test_hostile_text_stays_text() -> None:
    nasty = "</script><script>alert(1)</script><img src=x onerror=alert(1)>\"'"
    report = Report(
        nasty,
        nasty,
        (
            Section(
                nasty,
                (
                    Table((nasty,), ((Code(nasty),), (Mark(nasty, "bad"),)), nasty),
                    Stacks(
                        nasty,
                        (Stack(nasty, (Block(nasty, nasty, 1, "new", ((nasty, nasty),), nasty),)),),
                    ),
                    Tree(nasty, nasty, (Leaf(nasty, nasty, 1, nasty),)),
                ),
            ),
        ),
    )
    tags = parsed(render_html(report)).tags
    assert tags.count("script") == 1
    assert "img" not in tags


def test_a_shared_layer_has_the_same_tint_and_one_of_its_own_none() -> None:
    page = render_html(REPORT)
    looks = re.findall(r'class="block (tint\d[^"]*)"[^>]*data-key="(\w)"', page)
    assert [key for _, key in looks] == ["a", "a", "b"]
    assert looks[0][0].split()[0] == looks[1][0].split()[0]
    assert ["alone" in look.split() for look, _ in looks] == [False, False, True]


def heatmap(count: int, ratio: float) -> str:
    names = tuple(f"v{n}" for n in range(count))
    row = ((1.0, "nothing new"), *((ratio, "4 kB new"),) * (count - 1))
    return render_html(Report("T", "L", (Heatmap("c", "has", names, names, (row,) * count),), {}))


def test_only_the_whole_is_quite_dark() -> None:
    almost, whole = sorted({int(n) for n in re.findall(r"--heat:(\d+)", heatmap(3, 0.9999))})
    assert whole - almost > 10


def test_a_map_of_many_versions_is_drawn_small() -> None:
    assert 'class="heatmap many"' in heatmap(13, 0.5)
    assert 'class="heatmap many"' not in heatmap(12, 0.5)
