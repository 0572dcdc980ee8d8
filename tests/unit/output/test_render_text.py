from __future__ import annotations

import re

from pipeline.output.document import (
    Block,
    Bullets,
    Code,
    Heatmap,
    KeyValues,
    Leaf,
    Listing,
    Mark,
    Paragraph,
    Report,
    Section,
    Share,
    Size,
    Stack,
    Stacks,
    Table,
    Tree,
)
from pipeline.output.render.plain_text import render_text

REPORT = Report(
    "Title",
    "The answer.",
    (
        Section(
            "Everything",
            (
                Paragraph("Careful with this.", "warning"),
                KeyValues((("on disk", Size(1000)), ("share", Share(0.5)))),
                Bullets(("one", "two")),
                Table(("name", "size"), (("a", Size(1)), ("b", Size(None)), (Mark("x", "bad"), 3))),
                Stacks(
                    "Picture",
                    (
                        Stack("1.0", (Block("a", "base", 10**7, "new"),)),
                        Stack(
                            "1.1",
                            (Block("a", "base", 10**7, "shared"), Block("b", "app", 10**3, "new")),
                        ),
                    ),
                ),
                Heatmap("Map", "has", ("r",), ("c", "d"), (((0.0, ""), (1.0, "")),)),
                Tree("t", "Files", (Leaf("/a", "added", 5),), more=2),
                Listing("-old\n+new", "diff"),
                Table(("a",), ()),
                Table(("long",), ((Code("word " * 60),),)),
            ),
        ),
    ),
)


def test_every_word_has_its_text() -> None:
    text = render_text(REPORT)
    for part in (
        "Title\nThe answer.\n\nEverything\n! Careful with this.",
        "on disk  1.00 kB\nshare    50 %",
        "- one\n- two",
        "name          size\na              1 B\nb     not measured\n✗ x              3",
        "1.0  |*",
        "·· 0 %  ██ 100 %",
        " 5 B  added  /a",
        "and 2 more",
        "-old\n+new",
        "(none)",
    ):
        assert part in text


def test_nothing_is_wider_than_the_terminal() -> None:
    for width in (40, 80, 120):
        assert max(len(line) for line in render_text(REPORT, width=width).splitlines()) <= width


def test_a_hundred_versions_of_thirty_layers_fit_too() -> None:
    stacks = Stacks(
        "",
        tuple(
            Stack(f"a:{n}", tuple(Block(f"{n // 5}.{m}", "l", 99, "new") for m in range(30)))
            for n in range(100)
        ),
    )
    names = tuple(f"a:{n}" for n in range(100))
    cells = tuple(tuple((m / 100, "") for m in range(100)) for _ in names)
    report = Report("t", "l", (stacks, Heatmap("", "has", names, names, cells)))
    for width in (40, 80):
        lines = render_text(report, width=width).splitlines()
        assert max(len(line) for line in lines) <= width
        assert f"(the last {width - 6} columns)" in lines
        assert f"a:0   {'*' * 30}" in lines


def test_colours_change_nothing_but_colours() -> None:
    plain = render_text(REPORT)
    painted = render_text(REPORT, colours=True)
    assert "\x1b[" not in plain
    bare = re.sub(r"\x1b\[[0-9;]*m", "", painted)
    assert bare.replace("|", "").split() == plain.replace("|", "").split()


def test_colours_take_no_room() -> None:
    """A map that fits exactly is told in figures, painted or not."""
    cells = (((0.5, ""), (1.0, "")),)
    report = Report("t", "l", (Heatmap("", "has", ("a" * 20,), ("c" * 8, "d" * 8), cells),))
    for colours in (False, True):
        assert "▒▒ 50 %" in render_text(report, width=40, colours=colours)


def test_names_that_are_too_long_keep_what_tells_them_apart() -> None:
    names = tuple(f"some-long-web-frontend:2026.11.{n}" for n in range(30))
    stacks = Stacks("", tuple(Stack(name, (Block("k", "l", 9, "new"),)) for name in names))
    cells = tuple(tuple((1.0, "") for _ in names) for _ in names)
    report = Report("t", "l", (stacks, Heatmap("", "has", names, names, cells)))
    lines = render_text(report, width=80).splitlines()
    first = [line.split()[0] for line in lines if line.startswith("some-")]
    assert len(set(first)) == 2 * len(names)
    assert any("a column is a version" in line for line in lines)


def test_the_same_layer_has_the_same_letter_and_only_new_ones_have_stars() -> None:
    lines = render_text(REPORT).splitlines()
    first, second = (next(line for line in lines if line.startswith(f"1.{n}")) for n in (0, 1))
    assert re.fullmatch(r"1\.0  \|\*+A\*+\|", first)
    assert re.fullmatch(r"1\.1  \| +A +\|\*+B\*+\|", second)
