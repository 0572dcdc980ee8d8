"""Entries as a stream between two processes that do not trust each other."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from pipeline.bootstrap.stream import content, read_message, receive_entry, send_entry
from pipeline.bootstrap.tree import TreeEntry, read_tree


def carried(source: Path, target: Path) -> None:
    """Send all entries of one folder into another."""
    pipe = io.BytesIO()
    for path, entry in read_tree(str(source)).items():
        send_entry(pipe, str(source), path, entry)
    pipe.seek(0)
    while pipe.tell() < len(pipe.getvalue()):
        record = read_message(pipe)
        entry = TreeEntry(*record["entry"])
        receive_entry(content(pipe, entry.size), str(target), record["path"], entry)


def test_a_folder_arrives_as_it_was(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    (source / "a folder").mkdir(parents=True)
    target.mkdir()
    (source / "a folder" / "naïve name").write_bytes(b"x" * 3_000_000)
    (source / "run").write_text("#!/bin/sh\n")
    (source / "run").chmod(0o755)
    (source / "link").symlink_to("run")
    carried(source, target)
    assert read_tree(str(target)) == read_tree(str(source))
    assert (target / "a folder" / "naïve name").read_bytes() == b"x" * 3_000_000


def test_a_file_that_shrinks_meanwhile_keeps_the_stream_whole(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("ab")
    pipe = io.BytesIO()
    send_entry(pipe, str(tmp_path), "log", TreeEntry("f", 0o644, 5, 0, ""))
    pipe.seek(0)
    read_message(pipe)
    assert b"".join(content(pipe, 5)) == b"ab\0\0\0"


@pytest.mark.parametrize("path", ["../x", "/etc/x", "a/../../x", "", "a//b", "."])
def test_a_path_that_leaves_the_root_is_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(OSError, match="not a path below the root"):
        receive_entry(iter([b"x"]), str(tmp_path), path, TreeEntry("f", 0o644, 1, 0, ""))


def test_a_link_on_the_way_is_not_followed(tmp_path: Path) -> None:
    root, elsewhere = tmp_path / "root", tmp_path / "elsewhere"
    root.mkdir()
    elsewhere.mkdir()
    (root / "reports").symlink_to(elsewhere)
    with pytest.raises(OSError, match=r"Not a directory|symbolic links|folder"):
        receive_entry(iter([b"x"]), str(root), "reports/x", TreeEntry("f", 0o644, 1, 0, ""))
    with pytest.raises(OSError, match=r"Not a directory|symbolic links|folder"):
        receive_entry(iter([]), str(root), "reports", TreeEntry("d", 0o755, 0, 0, ""))
    assert list(elsewhere.iterdir()) == []


def test_a_link_in_the_place_of_a_file_is_replaced_and_not_written_through(tmp_path: Path) -> None:
    root, secret = tmp_path / "root", tmp_path / "secret"
    root.mkdir()
    secret.write_text("secret")
    (root / "lock").symlink_to(secret)
    receive_entry(iter([b"new"]), str(root), "lock", TreeEntry("f", 0o644, 3, 0, ""))
    assert secret.read_text() == "secret"
    assert (root / "lock").read_text() == "new"
    send = io.BytesIO()
    (root / "out").symlink_to(secret)
    send_entry(send, str(root), "out", TreeEntry("f", 0o644, 6, 0, ""))
    assert send.getvalue() == b""


def test_special_bits_of_a_mode_do_not_arrive(tmp_path: Path) -> None:
    receive_entry(iter([b"x"]), str(tmp_path), "tool", TreeEntry("f", 0o6755, 1, 0, ""))
    assert (tmp_path / "tool").stat().st_mode & 0o7777 == 0o755


def test_half_a_file_is_no_file(tmp_path: Path) -> None:
    chunks = content(io.BytesIO(b"ab"), 5)
    with pytest.raises(EOFError):
        receive_entry(chunks, str(tmp_path), "f", TreeEntry("f", 0o644, 5, 0, ""))
    assert not (tmp_path / "f").exists()
