from __future__ import annotations

import os
from pathlib import Path

import pytest

from pipeline.spec.read import project_root
from pipeline.spec.textfile import SIZE_LIMIT, Unreadable, kind_at, read_text


def test_the_kind_of_what_lies_at_a_path(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "link").symlink_to("file")
    (tmp_path / "broken").symlink_to("nothing")
    os.mkfifo(tmp_path / "fifo")

    kinds = [kind_at(tmp_path / name) for name in ("file", "link", "", "fifo", "broken", "a\0b")]
    assert kinds == ["file", "file", "folder", "other", "", ""]


def test_a_closed_folder_is_as_good_as_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def closed(self: Path, *, follow_symlinks: bool = True) -> os.stat_result:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "stat", closed)

    assert kind_at(tmp_path) == ""
    assert project_root(tmp_path / "specs" / "a.toml") == tmp_path


@pytest.mark.parametrize(
    ("content", "message", "before"),
    [
        (b"a\nb\xff", "byte 0xff is not UTF-8", "a\nb"),
        (b"a\n\0", "there is a NUL byte in it", "a\n"),
        (b"a" * (SIZE_LIMIT + 1), "it is larger than 1024 KiB", None),
    ],
)
def test_what_is_no_text_is_told_with_its_place(
    content: bytes, message: str, before: str | None, tmp_path: Path
) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)

    with pytest.raises(Unreadable) as caught:
        read_text(path)

    assert (caught.value.message, caught.value.before) == (message, before)


def test_the_byte_order_mark_goes_and_line_ends_stay(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"\xef\xbb\xbfa\r\nb\r")

    assert read_text(tmp_path / "file") == "a\r\nb\r"
