from __future__ import annotations

from markdown_it import MarkdownIt

from pipeline.output.document import Code, Report, Table
from pipeline.output.render.markdown import render_markdown
from tests.unit.output.test_render_text import REPORT


def test_every_word_has_its_markdown() -> None:
    text = render_markdown(REPORT)
    for part in (
        "# Title\n\nThe answer.\n\n## Everything\n\n⚠️ Careful with this.",
        "- on disk: 1.00 kB\n- share: 50 %",
        "| name | size |\n| --- | --: |\n| a | 1 B |",
        "| has | c | d |\n| --- | --- | --- |\n| r | 0 % | 100 % |",
        "```diff\n-old\n+new\n```",
    ):
        assert part in text


def test_text_that_looks_like_markdown_stays_text() -> None:
    nasty = "a|b `c` <script> *d* [e](f) \\"
    report = Report(nasty, nasty, (Table(("x", "y"), ((nasty, Code(nasty)),)),))
    page = MarkdownIt("commonmark").enable("table").render(render_markdown(report))
    assert "<script>" not in page
    assert page.count("<td>") == 2
    assert "<em>" not in page
    assert "<a " not in page
    assert "<h1>a|b `c` &lt;script&gt; *d* [e](f) \\</h1>" in page
