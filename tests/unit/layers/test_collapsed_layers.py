from __future__ import annotations

from dataclasses import replace

from pipeline.layers.collapsed_layers import folds
from tests.unit.layers.builders import World, file

COPY = "/bin/sh -c #(nop) COPY file:0123456789abcdef in /app "


def test_a_base_is_folded_in_all_that_stand_on_it() -> None:
    world = World()
    base = world.image("localhost/base:1", ("RUN a", [file("a")]), ("RUN b", [file("b")]))
    one = world.image("localhost/app:1", (COPY, [file("app/1")]), base=base)
    assert folds(world.family(base, one)) == [("base:1", 2), ("base:1", 2)]
    assert folds(world.family(one)) == [("base:1", 2)]
    assert folds(world.family(world.image("localhost/alone:1", ("RUN a", [file("a")])))) == [
        ("", 0)
    ]


def test_what_is_drawn_apart_in_one_version_is_drawn_apart_in_all() -> None:
    """An image built on a version: what both share looks the same in both."""
    world = World()
    base = world.image("localhost/base:1", ("RUN a", [file("a")]), ("RUN b", [file("b")]))
    app = world.image("localhost/app:1", (COPY, [file("app/1")]), base=base)
    child = world.image("localhost/child:1", (COPY, [file("app/2")]), base=app)
    assert folds(world.family(child)) == [("app:1", 3)]
    assert folds(world.family(base, app, child)) == [("base:1", 2)] * 3
    assert folds(world.family(app, child)) == [("base:1", 2)] * 2


def test_what_shares_nothing_folds_nothing_of_another() -> None:
    world = World()
    base = world.image("localhost/base:1", ("RUN a", [file("a")]), ("RUN b", [file("b")]))
    one = world.image("localhost/app:1", (COPY, [file("app/1")]), base=base)
    alone = world.image("localhost/alone:1", ("RUN c", [file("c")]))
    assert folds(world.family(one, alone)) == [("base:1", 2), ("", 0)]


def test_a_base_of_two_names_is_called_as_each_version_says() -> None:
    world = World()
    base = world.image("localhost/base:1", ("RUN a", [file("a")]))
    again = replace(base, names=("localhost/again:1",))
    one, two = (
        world.image(f"localhost/app:{n}", (COPY, [file(f"app/{n}")]), base=below)
        for n, below in enumerate((base, again))
    )
    assert folds(world.family(one, two)) == [("base:1", 1), ("again:1", 1)]
    assert folds(world.family(again, one)) == [("base:1", 1), ("base:1", 1)]
