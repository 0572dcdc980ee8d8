"""Versions side by side."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.engine.storage import LayeredImage
from pipeline.layers.chain import Base
from pipeline.layers.family import Family
from tests.unit.layers.builders import World, file

COPY = "/bin/sh -c #(nop) COPY file:0123456789abcdef in /app "


def image(world: World, name: str, *contents: str) -> LayeredImage:
    return world.image(
        f"localhost/{name}", *((COPY, [file(f"app/{text}", text)]) for text in contents)
    )


@pytest.mark.parametrize(
    ("names", "pairs"),
    [
        (["a:1"], []),
        (["a:1", "a:2", "a:3"], [("a:1", "a:2"), ("a:2", "a:3")]),
        (["a:1", "b:1", "a:2", "b:2"], [("a:1", "a:2"), ("b:1", "b:2")]),
        (["a:1", "b:1", "c:1"], [("a:1", "b:1"), ("b:1", "c:1")]),
    ],
)
def test_each_version_follows_the_last_of_its_image(
    names: list[str], pairs: list[tuple[str, str]]
) -> None:
    world = World()
    family = world.family(*(image(world, name, name) for name in names))
    assert [(c.older.name, c.newer.name) for c in family.comparisons] == pairs


def two() -> Family:
    world = World()
    return world.family(image(world, "a:1", "x", "y"), image(world, "a:2", "x", "z"))


def test_a_layer_that_is_shared_counts_once() -> None:
    family = two()
    x, y, z = family.layers
    assert family.users == {x.id: ("a:1", "a:2"), y.id: ("a:1",), z.id: ("a:2",)}
    assert family.sum_of_sizes == 2 * x.size + y.size + z.size
    assert family.stored_bytes == x.size + y.size + z.size
    assert family.disk_bytes == family.stored_bytes - 3 * 1024
    assert [[o.layers for o in row] for row in family.matrix] == [[2, 1], [1, 2]]


def test_what_was_not_measured_is_no_number() -> None:
    family = two()
    first = family.layers[0]
    assert family.transfer([first]) == first.size // 2
    assert family.transfer([]) == 0
    assert replace(family, blobs={}).transfer([first]) is None
    assert replace(family, disk={first.id: 1}).disk_bytes is None


def test_an_earlier_version_of_the_same_image_is_no_base() -> None:
    world = World()
    one, two, other = (
        image(world, name, *contents)
        for name, contents in (("a:1", "x"), ("a:2", "xy"), ("b:1", "x"))
    )
    assert [v.base for v in world.family(one, two).versions] == [Base(), Base()]
    assert world.family(one, two, other).versions[1].base == Base("localhost/b:1", 1)
