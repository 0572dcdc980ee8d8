"""Links are followed inside a root, as far as the kernel follows them."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.spec.ignorefile import IgnoreRules
from pipeline.spec.links import LINKS_FOLLOWED, follow, target_on_disk
from pipeline.spec.sources import read_source

NOTHING = IgnoreRules()


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("", ""),
        (".", ""),
        ("../..", ""),
        ("nowhere/x", "nowhere/x"),
        ("a/b", "a/b"),
        ("link", "a"),
        ("link/up", "c"),
        ("link/up/../link/b", "a/b"),
        ("root/a", "a"),
    ],
)
def test_where_a_path_leads(path: str, place: str) -> None:
    links = {"link": "/a/", "a/up": "../../../c", "root": "/"}
    assert follow(path, links.get) == place


def test_each_place_on_the_way_is_told() -> None:
    told: list[tuple[str, str | None]] = []
    links = {"link": "a/b"}
    follow("link/c", links.get, lambda place, target: told.append((place, target)))
    assert told == [("link", "a/b"), ("a", None), ("a/b", None), ("a/b/c", None)]


def chain(folder: Path, first: str, count: int) -> str:
    """So many links, each to the one before; the name of the last."""
    for number in range(count):
        (folder / f"{first}{number}").symlink_to(f"{first}{number - 1}" if number else first)
    return f"{first}{count - 1}"


def test_as_many_links_are_followed_as_by_the_kernel(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("x")
    target_of = target_on_disk(tmp_path)
    last = chain(tmp_path, "x", LINKS_FOLLOWED)
    assert follow(last, target_of) == "x"
    assert (tmp_path / last).read_text() == "x"
    (tmp_path / "more").symlink_to(last)
    with pytest.raises(OSError, match="Too many levels of symbolic links"):
        follow("more", target_of)
    with pytest.raises(OSError, match="Too many levels of symbolic links"):
        (tmp_path / "more").read_text()


@pytest.mark.parametrize(("count", "problem"), [(40, None), (41, "unreadable")])
def test_a_source_has_as_many_links_among_its_folders_as_the_kernel_follows(
    tmp_path: Path, count: int, problem: str | None
) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "f").touch()
    last = chain(tmp_path, "d", count)
    assert read_source(f"{last}/f", tmp_path, NOTHING).problem == problem


@pytest.mark.parametrize(("count", "problem"), [(15, None), (16, "unreadable")])
def test_a_source_that_is_a_link_is_followed_as_far_as_copier_does(
    tmp_path: Path, count: int, problem: str | None
) -> None:
    (tmp_path / "x").touch()
    assert read_source(chain(tmp_path, "x", count), tmp_path, NOTHING).problem == problem
