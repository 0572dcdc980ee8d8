from __future__ import annotations

from xml.etree import ElementTree

from pipeline.output.document import Block, Report, Section, Stack, Stacks
from pipeline.output.render.svg_image import render_svg
from tests.unit.output.test_render_text import REPORT

SVG = "{http://www.w3.org/2000/svg}"


def test_it_is_a_picture_with_a_block_for_every_layer() -> None:
    root = ElementTree.fromstring(render_svg(REPORT))
    width, height = (float(root.attrib[name]) for name in ("width", "height"))
    blocks = [r for r in root.iterfind(f"{SVG}g/{SVG}g/{SVG}rect") if r.get("rx")]
    assert len(blocks) == 3
    for rect in blocks:
        assert 0 <= float(rect.attrib["x"]) <= width - float(rect.attrib["width"])
        assert 0 <= float(rect.attrib["y"]) <= height - float(rect.attrib["height"])
    assert [r.get("class") for r in blocks] == ["tint0", "tint0", "alone"]
    assert len([r for r in root.iter(f"{SVG}rect") if "join" in r.get("class", "")]) == 1


def test_it_can_be_read_aloud() -> None:
    root = ElementTree.fromstring(render_svg(REPORT))
    title, described = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert title is not None
    assert described is not None
    assert title.text == "Title"
    assert (
        described.text == "1.0, 10.0 MB: base, 10.0 MB. 1.1, 10.0 MB: base, 10.0 MB; app, 1.00 kB."
    )


def test_hostile_names_stay_text() -> None:
    nasty = "<script>&\"'"
    stacks = Stacks("", (Stack(nasty, (Block(nasty, nasty, 9, "new"),)),))
    root = ElementTree.fromstring(render_svg(Report(nasty, nasty, (Section("", (stacks,)),))))
    assert root.find(f".//{SVG}script") is None


def test_a_report_without_a_picture_is_an_empty_one() -> None:
    ElementTree.fromstring(render_svg(Report("t", "l", ())))


def test_a_long_name_ends_before_the_next_stack() -> None:
    stack = Stack("web-frontend-of-the-shop:2026.11.10", (Block("k", "l", 9, "new"),))
    drawn = render_svg(Report("t", "l", (Stacks("", (stack, stack)),)))
    root = ElementTree.fromstring(drawn)
    (name, _) = [t for t in root.iter(f"{SVG}text") if t.get("class") == "name"]
    assert name.text == "web-fro…hop:2026.11.10"
    assert "<title>web-frontend-of-the-shop:2026.11.10</title>" in drawn
