"""Whatever a report's texts are: every format has the parts that it has with plain ones."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from xml.etree import ElementTree

from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from pipeline.output.document import (
    Block,
    Bullets,
    Code,
    KeyValues,
    Leaf,
    Listing,
    Mark,
    Paragraph,
    Part,
    Report,
    Section,
    Stack,
    Stacks,
    Table,
    Tree,
)
from pipeline.output.render.report import rendered
from pipeline.output.sanitize import HIDDEN, sanitized

_SIGNS = "<>&\"'`*_[]()#+-.!|~\\:=/{}$ \n\t"
_ODD = "\x00\x1b\x7f\x85\u202e\u2028\ufeff\udcff\U000e0001"
TEXTS = st.one_of(
    st.text(st.one_of(st.sampled_from(_SIGNS), st.sampled_from(_ODD), st.characters()), max_size=9),
    st.sampled_from(
        ["<script>x</script>", "]]>", "-->", "&lt;b&gt;", "# x", "- x", "1. x", "```\nx", "|",
         "---", "{{ x }}", "{% x %}", "![x](y)", "http://x", "<!-- x", "a\n\nb", "    x", "> x",
         "~~x~~"]
    ),
)  # fmt: skip


def report(text: str) -> Report:
    parts: tuple[Part, ...] = (
        Paragraph(text, "bad"),
        Bullets((text, "b")),
        KeyValues(((text, Code(text)), ("b", Mark(text)))),
        Table((text, "b"), ((Code(text), Mark(text)), (text, 5)), text),
        Stacks(text, (Stack(text, (Block(text, text, 1, "new", ((text, text),), text),)),)),
        Tree(text, text, (Leaf("a", "added", 1, text),), note=text),
        Section(text, (Listing(text), Listing(f"-{text}", "diff"))),
    )
    return Report(text, text, parts, {"text": text})


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, tuple[str, ...]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, tuple(name for name, _ in attrs)))

    def handle_comment(self, data: str) -> None:
        self.tags.append(("comment", (data,)))


@given(TEXTS)
@settings(deadline=None, max_examples=60)
def test_html_has_no_tag_more(text: str) -> None:
    made = _Tags()
    page = rendered(report(f"a{text}z"), "html")
    made.feed(page)
    plain = _Tags()
    lines = sanitized(f"a{text}z").splitlines()
    plain.feed(rendered(report("\n".join("x" for _ in lines)), "html"))
    assert {tag for tag, _ in made.tags} == {tag for tag, _ in plain.tags}
    assert {names for _, names in made.tags} == {names for _, names in plain.tags}
    assert not HIDDEN.search(page)


@given(TEXTS)
@settings(deadline=None, max_examples=60)
def test_svg_is_xml_with_the_same_elements(text: str) -> None:
    tree = ElementTree.fromstring(rendered(report(f"a{text}z"), "svg"))
    plain = ElementTree.fromstring(rendered(report("axz"), "svg"))
    assert {one.tag for one in tree.iter()} == {one.tag for one in plain.iter()}
    title = tree.find("{http://www.w3.org/2000/svg}title")
    assert title is not None
    assert (title.text or "").split() == sanitized(f"a{text}z").split()


@given(TEXTS)
@settings(deadline=None, max_examples=60)
def test_markdown_has_no_block_and_no_link_more(text: str) -> None:
    reader = MarkdownIt("commonmark").enable(["table", "strikethrough"])

    def kinds(source: str) -> list[str]:
        tokens = reader.parse(source)
        return [
            token.type
            for outer in tokens
            for token in (outer, *(outer.children or ()))
            if token.type not in ("text", "code_inline", "softbreak")
        ]

    made = rendered(report(f"{text}z"), "md")
    assert kinds(made) == kinds(rendered(report("z"), "md"))
    (heading,) = [t for t in reader.parse(made)[:3] if t.type == "inline"]
    shown = "".join(child.content for child in heading.children or ())
    assert shown == " ".join(sanitized(f"{text}z").split())


@given(TEXTS)
@settings(max_examples=60)
def test_json_is_the_same_value_without_a_hidden_sign(text: str) -> None:
    made = rendered(report(text), "json")
    assert json.loads(made) == {"text": text}
    assert not HIDDEN.search(made)
