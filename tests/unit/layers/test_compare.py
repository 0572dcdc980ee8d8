from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipeline.layers.chain import chain_ids
from pipeline.layers.compare import Overlap, compare, overlap
from tests.unit.layers.builders import World, file

COPY = "/bin/sh -c #(nop) COPY file:0123456789abcdef in /app "


def test_shared_new_and_dropped_bytes_are_those_of_the_layers() -> None:
    world = World()
    a, b, c = ((COPY, [file(f"app/{n}", n * 700)]) for n in "abc")
    one, two = world.image("localhost/a:1", a, b), world.image("localhost/a:2", a, c)
    (comparison,) = world.family(one, two).comparisons
    assert comparison.shared == one.layers[:1]
    assert [new.layer for new in comparison.new] == [two.layers[1]]
    assert comparison.dropped == (one.layers[1],)
    assert comparison.shared_bytes + comparison.new_bytes == comparison.newer.size
    assert comparison.shared_bytes + comparison.dropped_bytes == comparison.older.size


def test_an_equal_layer_in_another_place_is_stored_again_but_not_downloaded_again() -> None:
    world = World()
    a, b = (COPY, [file("app/a")]), (COPY, [file("app/b")])
    one, two = world.image("localhost/a:1", a, b), world.image("localhost/a:2", b)
    (comparison,) = world.family(one, two).comparisons
    assert [new.downloaded for new in comparison.new] == [False]
    assert comparison.downloads == ()


def test_configuration_makes_no_layer_and_is_told() -> None:
    world = World()
    a = (COPY, [file("app/a")])
    one = world.image("localhost/a:1", a, config={"Env": ["A=1", "B=1"], "Cmd": ["sh"]})
    two = world.image("localhost/a:2", a, config={"Env": ["A=2", "C=1"], "Cmd": ["sh"]})
    (comparison,) = world.family(one, two).comparisons
    assert comparison.new == ()
    assert comparison.shared_ratio == 1.0
    assert comparison.configuration == ("ENV A was 1, is 2", "ENV B=1 is gone", "ENV C=1 is new")


def test_labels_that_only_say_which_version_it_is_are_not_told() -> None:
    world = World()
    images = [
        world.image(
            f"localhost/a:{n}",
            (COPY, [file("app/a")]),
            config={"Labels": {"org.opencontainers.image.version": n, "team": n}},
        )
        for n in "12"
    ]
    (comparison,) = world.family(*images).comparisons
    assert comparison.configuration == ("LABEL team was 1, is 2",)


def test_every_version_is_compared_with_the_one_before_it_of_the_same_image() -> None:
    world = World()
    base = world.image("localhost/base:1", ("/bin/sh -c x", [file("x")]))
    one = world.image("localhost/a:1", (COPY, [file("app/a")]), base=base)
    two = world.image("localhost/a:2", (COPY, [file("app/b")]), base=base)
    pairs = [(c.older.name, c.newer.name) for c in world.family(base, one, two).comparisons]
    assert pairs == [("a:1", "a:2")]


def test_two_images_with_nothing_in_common_are_compared_too() -> None:
    world = World()
    one, two = world.image("localhost/a:1", (COPY, [file("a")])), world.image("localhost/b:1")
    (comparison,) = world.family(one, two).comparisons
    assert (comparison.shared, comparison.new, comparison.shared_ratio) == ((), (), 1.0)


layers = st.lists(st.sampled_from("abcd"), max_size=6)


@given(layers, layers)
def test_sharing_is_the_longest_common_start(left: list[str], right: list[str]) -> None:
    world = World()
    images = [
        world.image(f"localhost/a:{n}", *((COPY, [file(f"app/{x}", x)]) for x in names))
        for n, names in enumerate((left, right))
    ]
    one, two = world.family(*images).versions
    comparison = compare(one, two, world.lists, world.digests)
    count = 0
    while count < min(len(left), len(right)) and left[count] == right[count]:
        count += 1
    assert len(comparison.shared) == count
    assert len(comparison.new) == len(right) - count
    assert {
        new.downloaded for new in comparison.new if new.layer.diff_id in one.image.diff_ids
    } <= {False}
    assert overlap(one, one).ratio == overlap(two, two).ratio == 1.0
    assert overlap(one, two).shared_bytes == overlap(two, one).shared_bytes
    assert overlap(one, two).shared_bytes == comparison.shared_bytes


def test_the_chain_id_is_the_one_of_the_image_specification() -> None:
    # The second value: printf '%s %s' sha256:aaa sha256:bbb | sha256sum
    assert chain_ids(("sha256:aaa", "sha256:bbb")) == (
        "sha256:aaa",
        "sha256:56efb1d4f6c79b745d37d6eff87e3ed8dd2be28104e124ba73fd6e6c4892c792",
    )


def test_how_much_is_there_already_is_told_in_bytes_and_as_a_share() -> None:
    world = World()
    a, b = ((COPY, [file(f"app/{n}", n)]) for n in "ab")
    one, two = world.image("localhost/a:1", a), world.image("localhost/a:2", a, b)
    older, newer = world.family(one, two).versions
    size = 1024 + 2 * 512
    assert overlap(older, newer) == Overlap("a:1", "a:2", 1, size, size, 0.5)
    assert overlap(newer, older) == Overlap("a:2", "a:1", 1, size, 0, 1.0)
