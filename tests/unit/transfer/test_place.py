from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.engine.distribution import ImageLocation
from pipeline.errors import UsageError
from pipeline.transfer.place import parse_location


@pytest.mark.parametrize(
    ("text", "registry"),
    [
        ("registry.example.org", "registry.example.org"),
        ("registry.example.org/team", "registry.example.org/team"),
        ("registry.example.org:5000/a/b-c/d_e", "registry.example.org:5000/a/b-c/d_e"),
        ("docker://registry.example.org/team", "registry.example.org/team"),
        ("127.0.0.1:5000", "127.0.0.1:5000"),
        ("127.0.0.1:5000/", "127.0.0.1:5000"),
        ("localhost", "localhost"),
        ("localhost:5000/x", "localhost:5000/x"),
        ("depot:5000", "depot:5000"),
        ("[::1]:5000/x", "[::1]:5000/x"),
    ],
)
def test_a_registry_is_known_by_its_host(text: str, registry: str) -> None:
    assert parse_location(text) == ImageLocation(text, registry=registry)


@pytest.mark.parametrize(
    ("text", "folder"),
    [
        ("./images", "work/images"),
        ("../images", "images"),
        (".", "work"),
        ("/srv/images", "/srv/images"),
        ("oci:images", "work/images"),
        ("oci:/srv/a b", "/srv/a b"),
        ("~/images", "home/images"),
    ],
)
def test_a_folder_is_known_by_how_it_begins(
    text: str, folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    place = parse_location(text)
    assert place.folder is not None
    assert place.folder.resolve() == tmp_path / folder


@pytest.mark.parametrize(
    "text",
    ["", "team", "team/x", "Registry.example.org", "registry.example.org/Team", "a b", "x:y"],
)
def test_what_could_be_either_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as raised:
        parse_location(text)
    assert "registry.example.org/team" in raised.value.details


def test_a_folder_that_cannot_be_named_is_refused() -> None:
    with pytest.raises(UsageError, match="colon"):
        parse_location("/srv/a:b")


def test_names_at_a_place() -> None:
    assert parse_location("/srv/x").reference("web:1.0") == "oci:/srv/x:web:1.0"
    assert parse_location("example.org/t").reference("web:1.0") == "docker://example.org/t/web:1.0"
