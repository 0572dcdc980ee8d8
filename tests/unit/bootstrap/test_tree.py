"""Folders as values, and their differences."""

from __future__ import annotations

import os
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from pipeline.bootstrap.tree import Tree, TreeEntry, read_tree, to_delete, to_send

entries = st.builds(
    TreeEntry,
    kind=st.sampled_from("fdl"),
    mode=st.sampled_from([0o600, 0o644, 0o755]),
    size=st.integers(0, 3),
    mtime=st.integers(0, 3),
    target=st.sampled_from(["", "x"]),
)
trees = st.dictionaries(st.sampled_from(["a", "a/b", "a/b/c", "d", "e"]), entries)


def test_a_tree_has_files_folders_and_links_but_no_caches(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "f").write_text("hello")
    (tmp_path / "a").symlink_to("/etc/passwd")
    (tmp_path / ".venv").mkdir()
    (tmp_path / "b" / "__pycache__").mkdir()
    os.mkfifo(tmp_path / "pipe")
    tree = read_tree(str(tmp_path))
    assert list(tree) == ["a", "b", "b/f"]
    assert tree["a"] == TreeEntry("l", 0, 0, 0, "/etc/passwd")
    assert (tree["b/f"].kind, tree["b/f"].size) == ("f", 5)


@given(have=trees, want=trees)
def test_sending_and_deleting_make_one_tree_the_other(have: Tree, want: Tree) -> None:
    result = dict(have)
    for path in to_delete(have, want):
        del result[path]
    for path in to_send(have, want):
        result[path] = want[path]
    assert result == want


@given(tree=trees)
def test_equal_trees_need_nothing(tree: Tree) -> None:
    assert to_send(tree, dict(tree)) == []
    assert to_delete(tree, dict(tree)) == []
