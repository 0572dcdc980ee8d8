from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from pipeline.engine.tar_split import LayerFile
from pipeline.layers.contents import LayerContents, Touched, contents_of
from tests.unit.layers.builders import World, file, folder, gone, opaque


def contents(*layers: Sequence[LayerFile]) -> tuple[LayerContents, ...]:
    world = World()
    image = world.image("localhost/a:1", *((f"/bin/sh -c {n}", x) for n, x in enumerate(layers)))
    (found,) = contents_of(world.family(image).versions, world.lists)
    return found


def test_a_file_is_added_then_changed_then_removed() -> None:
    one, two, three = contents([file("a", "123")], [file("a", "12345")], [gone("a")])
    assert one.touched == (Touched("a", "added", 3),)
    assert two.touched == (Touched("a", "changed", 5, 3),)
    assert three.touched == (Touched("a", "removed", 0, 5),)
    assert [c.wasted for c in (one, two, three)] == [3, 5, 0]


def test_removing_a_folder_hides_all_that_is_in_it() -> None:
    one, two = contents([file("d/a", "1"), file("d/e/b", "22"), file("dx", "3")], [gone("d")])
    assert two.touched == (Touched("d", "removed", 0, 3),)
    assert one.wasted == 3


def test_an_opaque_folder_hides_what_lay_in_it_but_not_what_its_own_layer_brings() -> None:
    one, two = contents(
        [file("d/a", "1"), file("d/b", "22")], [folder("d"), opaque("d"), file("d/b", "333")]
    )
    assert set(two.touched) == {Touched("d/a", "removed", 0, 1), Touched("d/b", "changed", 3, 2)}
    assert one.wasted == 3


def test_a_file_over_a_folder_and_a_folder_over_a_file() -> None:
    one, two, three = contents(
        [file("d/a", "1")], [file("d", "22")], [folder("d"), file("d/a", "3")]
    )
    assert two.touched == (Touched("d", "changed", 2, 1),)
    assert three.touched == (Touched("d/a", "added", 1), Touched("d", "changed", 0, 2))
    assert [c.wasted for c in (one, two, three)] == [1, 2, 0]


def test_a_whiteout_of_what_the_same_layer_brings_is_a_change() -> None:
    one, two = contents([file("a", "1")], [gone("a"), file("a", "22")])
    assert two.touched == (Touched("a", "changed", 2, 1),)
    assert one.wasted == 1


def test_the_biggest_files_stand_first() -> None:
    (one,) = contents([file("a", "1"), file("b", "333"), file("c", "22")])
    assert [t.path for t in one.touched] == ["b", "c", "a"]
    assert (one.count("added"), one.count("changed")) == (3, 0)


names = st.sampled_from(["a", "b", "d/a", "d/b", "d/e/c"])
entries = st.one_of(
    st.builds(file, names, st.text("xyz", max_size=4)),
    st.builds(folder, st.sampled_from(["a", "d", "d/e"])),
    st.builds(gone, st.sampled_from(["a", "b", "d"])),
    st.builds(opaque, st.just("d")),
)
stacks = st.lists(st.lists(entries, max_size=4, unique_by=lambda f: f.path), max_size=4)


@given(st.lists(stacks, min_size=1, max_size=4))
def test_versions_walked_together_are_what_they_are_alone(
    family: list[list[list[LayerFile]]],
) -> None:
    world = World()
    versions = world.family(
        *(
            world.image(f"localhost/a:{n}", *((f"/bin/sh -c {m}", x) for m, x in enumerate(stack)))
            for n, stack in enumerate(family)
        )
    ).versions
    together = contents_of(versions, world.lists)
    assert together == [contents_of([one], world.lists)[0] for one in versions]
    for version, found in zip(versions, together, strict=True):
        brought = sum(f.size for layer in version.layers for f in world.lists(layer))
        wasted = sum(c.wasted for c in found)
        visible = brought - wasted
        assert 0 <= visible <= brought
        assert wasted == sum(t.covered for c in found for t in c.touched)
