"""A Containerfile is parsed once for each text, and again when anything that counts differs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.spec import reference_cache as room
from pipeline.spec.model import Version
from pipeline.spec.reference_cache import known_references

TEXT = "ARG BASE=a:1\nFROM $BASE AS first\nFROM b:2\nCOPY --from=first /x /\nCOPY --from=c:3 /x /\n"


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The versions whose Containerfile was parsed."""
    names: list[str] = []
    parse = room._parsed

    def noting(text: str, version: Version) -> tuple[str, ...]:
        names.append(version.name)
        return parse(text, version)

    monkeypatch.setattr(room, "_parsed", noting)
    return names


def version(name: str, file: Path, base: str | None = None) -> Version:
    return Version("app", name, file.parent, file, {"BASE": base} if base else {})


def test_what_did_not_change_is_not_parsed_again(tmp_path: Path, parsed: list[str]) -> None:
    environ = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    file, missing = tmp_path / "Containerfile", tmp_path / "none" / "Containerfile"
    file.write_text(TEXT)
    versions = [version("1", file), version("2", file), version("3", file, "d:4")]
    versions.append(version("4", missing))
    expected = {
        "app:1": ("a:1", "b:2", "c:3"),
        "app:2": ("a:1", "b:2", "c:3"),
        "app:3": ("d:4", "b:2", "c:3"),
        "app:4": (),
    }

    for _ in range(2):
        assert known_references(versions, environ) == expected
        assert parsed == ["1", "3"]

    file.write_text(TEXT.replace("b:2", "e:5"))
    assert known_references(versions[:1], environ) == {"app:1": ("a:1", "e:5", "c:3")}
    assert parsed == ["1", "3", "1"]


def test_without_a_cache_it_is_parsed_each_time(tmp_path: Path, parsed: list[str]) -> None:
    file = tmp_path / "Containerfile"
    file.write_text("FROM scratch\n")
    for _ in range(2):
        assert known_references([version("1", file)], {}) == {"app:1": ()}
    assert parsed == ["1", "1"]


def test_a_parser_of_another_day_is_asked_anew(
    tmp_path: Path, parsed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    environ = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    file = tmp_path / "Containerfile"
    file.write_text("FROM a:1\n")
    known_references([version("1", file)], environ)
    monkeypatch.setattr(room, "_reader", lambda: b"another")
    known_references([version("1", file)], environ)
    assert parsed == ["1", "1"]


def test_a_command_on_a_known_spec_does_not_import_the_parser(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "Containerfile").write_text("FROM scratch\n")
    spec = tmp_path / "pipeline.toml"
    spec.write_text('name = "app"\nimages.app.versions."1.0".context = "app"\n')
    code = f"""
import os, sys
from pathlib import Path
from pipeline.spec.load import load
load(Path({str(spec)!r}), os.environ)
print("pipeline.spec.containerfile" in sys.modules, "jsonschema" in sys.modules)
"""
    environ = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")}
    argv = [sys.executable, "-c", code]
    said = [
        subprocess.run(argv, env=environ, capture_output=True, text=True, check=True).stdout.split()
        for _ in range(2)
    ]
    assert said == [["True", "True"], ["False", "False"]]
