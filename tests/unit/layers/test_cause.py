from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.engine.storage import LayeredImage
from pipeline.layers.cause import Cause
from tests.unit.layers.builders import World, file, folder

COPY = "/bin/sh -c #(nop) COPY file:0123456789abcdef in /app "


@pytest.fixture
def world() -> World:
    return World()


def found(world: World, *images: LayeredImage) -> list[Cause]:
    family = world.family(*images)
    return [new.cause for new in family.comparisons[-1].new]


def test_a_file_with_other_content_is_named_with_both_digests(world: World) -> None:
    one = world.image("localhost/a:1", (COPY, [file("app/main.py", "one")]))
    two = world.image("localhost/a:2", (COPY, [file("app/main.py", "two")]))
    (cause,) = found(world, one, two)
    assert cause.kind == "files"
    assert [(c.path, c.aspect) for c in cause.files] == [("app/main.py", "content")]
    assert cause.text.startswith("/app/main.py changed: sha256:")


def test_a_mode_alone_is_a_cause(world: World) -> None:
    one = world.image("localhost/a:1", (COPY, [file("app/run", mode=0o644)]))
    two = world.image("localhost/a:2", (COPY, [file("app/run", mode=0o755)]))
    (cause,) = found(world, one, two)
    assert cause.text == "/app/run mode changed: 644 → 755"


def test_added_and_removed_files_are_told(world: World) -> None:
    one = world.image("localhost/a:1", (COPY, [file("app/a"), file("app/b")]))
    two = world.image("localhost/a:2", (COPY, [file("app/a"), file("app/c")]))
    (cause,) = found(world, one, two)
    assert [(c.path, c.aspect) for c in cause.files] == [("app/b", "removed"), ("app/c", "added")]
    assert cause.text == "/app/b removed (and 1 more)"


def test_an_instruction_with_another_text_is_told_with_both(world: World) -> None:
    one = world.image("localhost/a:1", ("/bin/sh -c make a", [file("a")]))
    two = world.image("localhost/a:2", ("/bin/sh -c make b", [file("b")]))
    (cause,) = found(world, one, two)
    assert (cause.kind, cause.text) == ("instruction", "it was RUN make a, is RUN make b")


def test_a_layer_above_a_changed_one_is_made_again_because_of_it(world: World) -> None:
    run = ("/bin/sh -c make", [file("out")])
    one = world.image("localhost/a:1", (COPY, [file("app/main.py", "one")]), run)
    two = world.image("localhost/a:2", (COPY, [file("app/main.py", "two")]), run)
    assert [cause.kind for cause in found(world, one, two)] == ["files", "below"]


def test_an_instruction_put_between_others_is_new_and_its_neighbours_keep_their_files(
    world: World,
) -> None:
    a, b = (COPY, [file("app/a")]), (COPY, [file("app/b")])
    between = (COPY, [file("app/between")])
    one = world.image("localhost/a:1", a, b)
    two = world.image("localhost/a:2", a, between, b)
    assert [cause.kind for cause in found(world, one, two)] == ["new", "below"]


def test_an_instruction_that_is_gone_is_named(world: World) -> None:
    a, b = (COPY, [file("app/a")]), ("/bin/sh -c make", [file("app/b")])
    one = world.image("localhost/a:1", a, b)
    two = world.image("localhost/a:2", b)
    (cause,) = found(world, one, two)
    assert cause.kind == "removed"
    assert cause.text == "an instruction below it is gone: COPY … /app"


def test_another_base_is_the_cause_of_its_layers_and_of_those_above(world: World) -> None:
    old = world.image("localhost/base:1", ("/bin/sh -c debootstrap", [file("etc/version", "1")]))
    new = world.image("localhost/base:2", ("/bin/sh -c debootstrap", [file("etc/version", "2")]))
    one = world.image("localhost/a:1", (COPY, [file("app/a")]), base=old)
    two = world.image("localhost/a:2", (COPY, [file("app/a")]), base=new)
    causes = found(world, one, two)
    assert [cause.kind for cause in causes] == ["base", "below"]
    assert causes[0].text == "the base was localhost/base:1, is localhost/base:2"
    assert causes[1].text == f"{causes[0].text}; its own files are equal"


def test_a_change_above_a_changed_base_is_told_as_its_own(world: World) -> None:
    old = world.image("localhost/base:1", ("/bin/sh -c x", [file("etc/version", "1")]))
    new = world.image("localhost/base:1", ("/bin/sh -c x", [file("etc/version", "2")]))
    one = world.image("localhost/a:1", (COPY, [file("app/a", "1")]), base=old)
    two = world.image("localhost/a:2", (COPY, [file("app/a", "2")]), base=new)
    causes = found(world, one, two)
    assert causes[0].text == "the base localhost/base:1 has other layers than before"
    assert causes[1].kind == "files"


def test_times_alone_are_told_as_what_they_are(world: World) -> None:
    one = world.image("localhost/a:1", (COPY, [file("app/a", mtime="1")]))
    two = world.image("localhost/a:2", (COPY, [file("app/a", mtime="2")]))
    (cause,) = found(world, one, two)
    assert "only times differ" in cause.text


def test_an_image_without_history_is_not_explained_by_guesses(world: World) -> None:
    one = world.image("localhost/a:1", ("", [file("a")]))
    two = world.image("localhost/a:2", ("", [file("b")]))
    (cause,) = found(world, one, two)
    assert cause.kind == "unknown"


def test_the_same_files_may_be_packed_in_another_way(world: World) -> None:
    one, two = (world.image(f"localhost/a:{n}", (COPY, [file("app/a")])) for n in "12")
    (layer,) = two.layers
    two = replace(two, layers=(replace(layer, diff_id="sha256:other"),))
    (cause,) = found(world, one, two)
    assert cause == Cause("files", "the same files, packed in another way")


def test_what_stands_a_second_time_has_the_same_files_in_another_place(world: World) -> None:
    env, copy = ("/bin/sh -c #(nop) ENV A=1", None), (COPY, [file("app/a")])
    one = world.image("localhost/a:1", env, copy)
    two = world.image("localhost/a:2", copy, env, copy)
    (cause,) = found(world, one, two)
    assert cause == Cause("below", "a layer below it is another; its own files are equal")


def test_instructions_that_are_often_there_are_found_again(world: World) -> None:
    runs = [("/bin/sh -c make", [file(f"out/{n}")]) for n in range(210)]
    one = world.image("localhost/a:1", (COPY, [file("app/a", "1")]), *runs)
    two = world.image("localhost/a:2", (COPY, [file("app/a", "2")]), *runs)
    assert [cause.kind for cause in found(world, one, two)] == ["files", *["below"] * 210]


def test_a_copy_is_known_by_its_files_and_not_by_the_folders_that_it_makes(world: World) -> None:
    a, b = (COPY, [folder("app"), file("app/a")]), (COPY, [file("app/b")])
    one = world.image("localhost/a:1", a, b)
    two = world.image("localhost/a:2", (COPY, [folder("app"), file("app/b")]))
    (cause,) = found(world, one, two)
    assert cause.text == "/app added"


def test_a_run_is_known_by_its_text_and_not_by_its_files(world: World) -> None:
    runs = [("/bin/sh -c make", [file(name)]) for name in ("one", "two")]
    (cause,) = found(
        world,
        world.image("localhost/a:1", *runs),
        world.image("localhost/a:2", runs[1]),
    )
    assert cause.text == "/one removed (and 1 more)"


def test_a_copy_that_went_into_the_layer_of_another_has_no_files_of_its_own(world: World) -> None:
    run = "/bin/sh -c make"
    one, two = (
        world.image(f"localhost/a:{n}", (COPY, None), (run, [file("out", n)])) for n in "12"
    )
    (cause,) = found(world, one, two)
    assert cause.text.startswith("/out changed: ")
