from __future__ import annotations

from dataclasses import replace

from pipeline.engine.storage import HistoryEntry
from pipeline.layers.chain import Base, VersionStack, version_of
from tests.unit.layers.builders import World, file

COPY = "/bin/sh -c #(nop) COPY file:0123456789abcdef in /app "


def squashed(*history: HistoryEntry) -> VersionStack:
    image = World().image("a:1", ("x", [file("a")]))
    return version_of("a:1", replace(image, history=history))


def test_a_layer_that_several_instructions_made_is_called_by_all_of_them() -> None:
    version = squashed(
        HistoryEntry("/bin/sh -c make", "", empty=True),
        HistoryEntry("/bin/sh -c #(nop) ENV A=b", "", empty=True),
        HistoryEntry(COPY, "FROM localhost/base:1", empty=False),
    )
    (step,) = version.layer_steps
    assert str(step.instruction) == "squashed: FROM localhost/base:1; RUN make; COPY … /app"


def test_a_merge_that_is_no_instruction_is_called_by_those_before_it() -> None:
    version = squashed(
        HistoryEntry("/bin/sh -c make", "", empty=True),
        HistoryEntry("", "merge sha256:1 to sha256:2", empty=False),
    )
    assert str(version.layer_steps[0].instruction) == "squashed: RUN make"


def test_a_base_that_went_into_the_only_layer_is_named() -> None:
    version = squashed(HistoryEntry(COPY, "FROM localhost/base:1", empty=False))
    assert str(version.layer_steps[0].instruction) == "squashed: FROM localhost/base:1; COPY … /app"


def test_configuration_before_a_layer_squashes_nothing() -> None:
    version = squashed(
        HistoryEntry("/bin/sh -c #(nop) ENV A=b", "", empty=True),
        HistoryEntry(COPY, "FROM 0123456789ab", empty=False),
    )
    assert str(version.layer_steps[0].instruction) == "COPY … /app"


def test_a_base_with_layers_of_its_own_is_no_part() -> None:
    world = World()
    base = world.image("localhost/base:1", ("/bin/sh -c one", [file("x")]))
    built = world.image("localhost/a:1", (COPY, [file("a")]), base=base)
    last = version_of("a:1", built).layer_steps[-1]
    assert str(last.instruction) == "COPY … /app"


def test_without_a_note_the_largest_known_image_that_it_starts_with_is_its_base() -> None:
    world = World()
    steps = [("x", [file(name)]) for name in "abcd"]
    built = world.image("localhost/a:1", *steps)
    small, large, same = (
        world.image(f"localhost/base:{count}", *steps[:count]) for count in (1, 2, 4)
    )
    other = world.image("localhost/other:1", *steps[1:])
    twice = replace(large, names=("localhost/base:2", "localhost/again:2"))
    equal = replace(large, names=("localhost/equal:2",))
    base = version_of("a:1", built, [small, twice, equal, same, other]).base
    assert base == Base("localhost/base:2", 2)
    assert version_of("a:1", built, [replace(large, names=())]).base == Base("", 2)
    assert version_of("a:1", built).base == Base()


def test_an_image_without_its_history_has_steps_that_nobody_knows() -> None:
    image = World().image("a:1", ("x", [file("a")]), ("y", [file("b")]))
    version = version_of("a:1", replace(image, history=image.history[:1]))
    said = [(str(step.instruction), step.layer) for step in version.steps]
    assert said == [("(the history does not say)", layer) for layer in image.layers]
