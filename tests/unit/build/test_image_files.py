"""The files of an image from its layers, and after a COPY that is still to be done."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.build.go_tar.content_summary import Given
from pipeline.build.go_tar.go_tar_reader import CannotTell
from pipeline.build.go_tar.image_files import (
    NOTHING,
    ImageFiles,
    ImageNode,
    image_files,
    with_copied,
)
from pipeline.build.go_tar.summary_of_copy_from import summaries_from
from pipeline.engine.generation import GENERATIONS
from pipeline.engine.storage import StoredLayer
from pipeline.engine.tar_split import Kind, LayerFile

OLDEST, NEWEST = GENERATIONS[0], GENERATIONS[-1]


def _entry(path: str, kind: Kind = "file", content: str = "", uid: int = 0) -> LayerFile:
    size = 1 if kind == "file" else 0
    return LayerFile(
        path, kind, size, 0o755 if kind == "directory" else 0o644, uid, 0, content, "0"
    )


def _image(folder: Path, *layers: tuple[LayerFile, ...]) -> ImageFiles:
    stored = []
    for number, entries in enumerate(layers):
        root = folder / str(number)
        for entry in entries:
            if entry.kind == "file":
                (root / entry.path).parent.mkdir(parents=True, exist_ok=True)
                (root / entry.path).write_text(str(number))
        stored.append(StoredLayer(str(number), "", 0, None, root, folder))
    lists = {layer.id: entries for layer, entries in zip(stored, layers, strict=True)}
    return image_files(stored, lambda layer: lists[layer.id])


def _paths(files: ImageFiles) -> list[str]:
    return sorted(files.nodes)


def test_a_whiteout_acts_on_the_layers_below_only(tmp_path: Path) -> None:
    files = _image(
        tmp_path,
        (_entry("a", "directory"), _entry("a/x"), _entry("b", "directory"), _entry("b/y")),
        (_entry("a", "whiteout"), _entry("b", "opaque"), _entry("b/z")),
    )
    assert _paths(files) == ["b", "b/z"]


def test_a_file_in_the_place_of_a_folder_hides_what_was_in_it(tmp_path: Path) -> None:
    files = _image(tmp_path, (_entry("a", "directory"), _entry("a/x")), (_entry("a"),))
    assert _paths(files) == ["a"]


def test_links_are_followed_inside_the_image(tmp_path: Path) -> None:
    files = _image(
        tmp_path,
        (
            _entry("usr", "directory"),
            _entry("usr/bin", "directory"),
            _entry("usr/bin/x"),
            _entry("bin", "symlink", "usr/bin"),
            _entry("up", "symlink", "/../../bin/x"),
            _entry("loop", "symlink", "loop"),
        ),
    )
    assert files.found("bin/x") == files.found("up") == "usr/bin/x"
    assert files.glob("/bin/*") == ["usr/bin/x"]
    for path in ("loop", "nothing"):
        with pytest.raises(CannotTell):
            files.found(path)


def _node(name: str) -> ImageNode:
    return ImageNode(_entry(name), Path(name))


@pytest.mark.parametrize(
    ("target", "into", "expected"),
    [
        ("/new", False, ["app", "link", "new"]),
        ("/new/", False, ["app", "link", "new", "new/f"]),
        ("/new", True, ["app", "link", "new", "new/f"]),
        ("/app", False, ["app", "app/f", "link"]),
        ("/link", False, ["app", "app/f", "link"]),
        ("/deep/er", False, ["app", "deep", "deep/er", "link"]),
        ("/", False, ["app", "f", "link"]),
    ],
)
def test_where_a_copied_file_lands(
    tmp_path: Path, target: str, into: bool, expected: list[str]
) -> None:
    files = _image(tmp_path, (_entry("app", "directory"), _entry("link", "symlink", "app")))
    after = with_copied(files, [("f", _node("f"))], target, into=into, owner=(0, 0))
    assert _paths(after) == expected
    assert _paths(files) == ["app", "link"], "the files before are left alone"


def test_an_owner_has_the_name_that_the_image_gives_it(tmp_path: Path) -> None:
    plain = _image(tmp_path / "a", (_entry("f", uid=7),))
    named = _image(tmp_path / "b", (_entry("etc", "directory"), _entry("f", uid=7)))
    (tmp_path / "passwd").write_text("someone:x:7:7::/:/bin/sh\n")
    passwd = ImageNode(_entry("passwd"), tmp_path / "passwd")
    named = with_copied(named, [("passwd", passwd)], "/etc/", into=False, owner=(0, 0))
    keep = Given(owner=None)
    of_plain = summaries_from(plain, ["/f"], "/x/", keep, OLDEST)
    assert not set(of_plain) & set(summaries_from(named, ["/f"], "/x/", keep, OLDEST))
    of_plain = summaries_from(plain, ["/f"], "/x/", keep, NEWEST)
    assert of_plain == summaries_from(named, ["/f"], "/x/", keep, NEWEST)


def test_hard_links_are_told_apart_from_copies(tmp_path: Path) -> None:
    linked = _image(
        tmp_path / "a",
        (_entry("d", "directory"), _entry("d/one"), _entry("d/two", "hardlink", "d/one")),
    )
    copied = _image(tmp_path / "b", (_entry("d", "directory"), _entry("d/one"), _entry("d/two")))
    keep = Given(owner=None)
    for generation in GENERATIONS:
        one, two = (summaries_from(o, ["/d"], "/x", keep, generation) for o in (linked, copied))
        assert one != two


def test_what_is_not_there_cannot_be_told() -> None:
    with pytest.raises(CannotTell, match="is not in the image"):
        summaries_from(NOTHING, ["/f"], "/x", Given(), NEWEST)
