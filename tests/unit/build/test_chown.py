from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.build.go_tar.chown import owner_of
from pipeline.build.go_tar.go_tar_reader import CannotTell
from pipeline.build.go_tar.image_files import ImageFiles, ImageNode
from pipeline.engine.tar_split import LayerFile


def _files(folder: Path, **texts: str) -> ImageFiles:
    nodes = {}
    for name, text in texts.items():
        (folder / name).write_text(text)
        entry = LayerFile(f"etc/{name}", "file", len(text), 0o644, 0, 0, "", "0")
        nodes[entry.path] = ImageNode(entry, folder / name)
    return ImageFiles(nodes)


@pytest.mark.parametrize(
    ("text", "owner"),
    [
        ("", (0, 0)),
        ("7", (7, 7)),
        ("7:8", (7, 8)),
        ("app", (70, 80)),
        ("app:5", (70, 5)),
        ("app:crew", (70, 90)),
        ("7:crew", (7, 90)),
        (":crew", (0, 90)),
    ],
)
def test_names_are_looked_up_in_the_image(
    tmp_path: Path, text: str, owner: tuple[int, int]
) -> None:
    files = _files(tmp_path, passwd="root:x:0:0:::\nbad\napp:x:70:80:::\n", group="crew:x:90:\n")
    assert owner_of(text, lambda: files) == owner


def test_what_the_image_does_not_know_is_not_foreseen(tmp_path: Path) -> None:
    files = _files(tmp_path, passwd="short:x:7\n")
    for text in ("nobody", "short", "7:crew"):
        with pytest.raises(CannotTell, match="of the image so far"):
            owner_of(text, lambda: files)


def test_numbers_need_no_image() -> None:
    def never() -> ImageFiles:
        raise AssertionError

    assert owner_of("7:8", never) == (7, 8)
