"""What differs between two layers, entry by entry, and how it is said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from pipeline.engine.tar_split import LayerFile
from pipeline.layers.cause import Cause, FileChange, describe_change, file_changes, short_digest
from tests.unit.layers.builders import World, file, folder, gone, opaque, sha

COPY = "/bin/sh -c #(nop) COPY file:0123456789abcdef in /app "
ONE = file("app/a", "one")
LINK = replace(ONE, kind="symlink", size=0, content="b")


def changes(before: list[LayerFile], after: list[LayerFile]) -> list[FileChange]:
    world = World()
    one, two = (
        world.image("localhost/a:1", (COPY, before)),
        world.image("localhost/a:2", (COPY, after)),
    )
    return list(file_changes(one.layers[0], two.layers[0], world.lists, world.digests))


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (ONE, []),
        (replace(ONE, kind="symlink", content="b"), [("kind", "file", "symlink")]),
        (replace(ONE, mode=0o4755), [("mode", "644", "4755")]),
        (replace(ONE, uid=7), [("owner", "0:0", "7:0")]),
        (replace(ONE, gid=7), [("owner", "0:0", "0:7")]),
        (replace(ONE, xattrs="x"), [("attributes", "", "x")]),
        (replace(ONE, mtime="9"), [("time", "0", "9")]),
        (replace(ONE, mode=0o600, mtime="9"), [("mode", "644", "600"), ("time", "0", "9")]),
    ],
)
def test_each_aspect_of_a_file(after: LayerFile, expected: list[tuple[str, str, str]]) -> None:
    found = changes([ONE], [after])
    assert [(c.path, c.aspect, c.before, c.after) for c in found] == [
        ("app/a", *one) for one in expected
    ]


def test_files_that_came_and_went_have_their_digest_and_others_their_kind() -> None:
    content = f"sha256:{sha('one')[:16]:0<64}"
    assert changes([ONE], []) == [FileChange("app/a", "removed", content, "")]
    assert changes([], [ONE]) == [FileChange("app/a", "added", "", content)]
    assert changes([], [LINK, folder("b"), gone("c")]) == [
        FileChange("app/a", "added", "", "symlink b"),
        FileChange("b", "added", "", "directory"),
        FileChange("c", "added", "", "whiteout"),
    ]


def test_a_folder_that_hides_what_lies_below_is_another_entry_than_the_folder() -> None:
    assert changes([folder("b")], [folder("b"), opaque("b")]) == [
        FileChange("b", "added", "", "opaque")
    ]


def test_a_file_that_cannot_be_read_has_the_checksum_of_the_store() -> None:
    world = World()
    old = world.image("localhost/a:1", (COPY, [ONE]))
    new = world.image("localhost/a:2", (COPY, [replace(ONE, size=0, content="")]))
    (change,) = file_changes(old.layers[0], new.layers[0], world.lists, lambda _layer, _path: None)
    assert (change.before, change.after) == (f"crc64:{ONE.content}", "crc64:0")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (FileChange("a", "added", "", "sha256:1"), "/a added"),
        (FileChange("a", "removed", "sha256:1", ""), "/a removed"),
        (FileChange("a", "mode", "644", "755"), "/a mode changed: 644 → 755"),
        (
            FileChange("a", "content", f"sha256:{'1' * 64}", f"sha256:{'2' * 64}"),
            "/a changed: sha256:111111111111 → sha256:222222222222",
        ),
    ],
)
def test_how_a_change_is_said(change: FileChange, said: str) -> None:
    assert describe_change(change) == said


@pytest.mark.parametrize("text", ["crc64:0123456789abcdef", "0:0", "sha256", "symlink b"])
def test_only_a_sha256_is_shortened(text: str) -> None:
    assert short_digest(text) == text


Steps = Sequence[tuple[str, list[LayerFile] | None]]


def causes_of(world: World, before: Steps, after: Steps) -> list[Cause]:
    one = world.image("localhost/a:1", *before)
    two = world.image("localhost/a:2", *after)
    return [new.cause for new in world.family(one, two).comparisons[-1].new]


def test_what_made_no_layer_before_is_told() -> None:
    run = "/bin/sh -c make"
    (cause,) = causes_of(World(), [(run, None)], [(run, [file("out")])])
    assert cause == Cause("files", "it made no layer before")


def test_several_instructions_in_one_layer_are_told() -> None:
    run, both = "/bin/sh -c make", [file("app/a"), file("out")]
    apart = [(run, [file("out")]), (COPY, [file("app/a")])]
    (cause,) = causes_of(World(), apart, [(run, None), (COPY, both)])
    assert cause == Cause("instruction", "several instructions are one layer now")


def test_only_times_of_a_layer_above_a_changed_one_come_from_below() -> None:
    run = "/bin/sh -c make"
    found = causes_of(
        World(),
        [(COPY, [file("app/a", "1")]), (run, [file("out", mtime="1")])],
        [(COPY, [file("app/a", "2")]), (run, [file("out", mtime="2")])],
    )
    assert [cause.kind for cause in found] == ["files", "below"]
    assert found[1].text == "a layer below it is another; its own files are equal"
