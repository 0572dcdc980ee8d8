from __future__ import annotations

from pipeline.output.document import Block, Leaf, Stack, Stacks, Tree
from pipeline.output.render.file_tree import grow
from pipeline.output.render.picture_layout import draw


def picture(*stacks: tuple[tuple[str, int], ...]) -> Stacks:
    return Stacks(
        "",
        tuple(
            Stack(f"1.{n}", tuple(Block(key, key, size, "new") for key, size in blocks))
            for n, blocks in enumerate(stacks)
        ),
    )


def test_linear_heights_are_in_proportion_and_logarithmic_ones_in_order() -> None:
    drawing = draw(picture((("a", 4_000_000), ("b", 1_000_000), ("c", 1_000))))
    a, b, c = drawing.stacks[0].blocks
    assert abs(a.linear - 4 * b.linear) < 0.5
    assert a.log > b.log > c.log >= 26
    assert a.linear_rows > 1
    assert c.linear_rows == 0


def test_a_block_joins_the_same_one_in_the_same_place_to_its_right() -> None:
    drawing = draw(picture((("a", 9), ("b", 9)), (("a", 9), ("c", 9), ("b", 9)), (("a", 9),)))
    assert [[b.joins for b in stack.blocks] for stack in drawing.stacks] == [
        [True, False],
        [True, False, False],
        [False],
    ]


def test_the_legend_names_every_block_once_with_its_users() -> None:
    drawing = draw(picture((("a", 9), ("b", 9)), (("a", 9),)))
    assert [(e.label, e.users, e.alone) for e in drawing.legend] == [
        ("a", "1.0, 1.1", False),
        ("b", "1.0", True),
    ]


def test_nothing_is_drawn_of_nothing() -> None:
    assert draw(picture()).stacks == ()
    assert draw(picture(())).stacks[0].blocks == ()


def test_paths_grow_into_folders_the_biggest_first() -> None:
    leaves = (
        Leaf("/usr/lib/a", "added", 5),
        Leaf("/usr/lib/b", "added", 7),
        Leaf("/etc/c", "removed", 0),
    )
    root = grow(Tree("t", "", leaves))
    assert [child.name for child in root.children] == ["usr/lib", "etc"]
    assert root.bytes == 12
    assert [child.name for child in root.children[0].children] == ["b", "a"]
    assert root.children[1].children[0].effect == "removed"
