"""Roots of other engines are kept, and what a killed run left is removed."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest

from pipeline.bootstrap import engine_roots
from pipeline.bootstrap.engines import ENGINES
from pipeline.bootstrap.messages import Stop

FORKY = next(engine for engine in ENGINES if engine.name == "forky")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where roots are kept; making one is making a folder."""
    kept = tmp_path / "engines"
    monkeypatch.setattr(engine_roots, "FOLDER", str(kept))
    monkeypatch.setattr(engine_roots, "_mirror", lambda: "http://mirror")
    monkeypatch.setattr(engine_roots, "_release", lambda _mirror, suite: suite.encode())
    monkeypatch.setattr(engine_roots, "_make", lambda _engine, place: Path(place).mkdir())
    return kept


def archive_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_roots, "_release", lambda _mirror, suite: b"another day")


def roots(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_dir())


def test_a_root_is_made_once_and_nobody_else_looks_inside(folder: Path) -> None:
    with engine_roots.kept_root(FORKY) as first:
        (Path(first) / "here").touch()
    with engine_roots.kept_root(FORKY) as second:
        assert second == first
        assert (Path(second) / "here").exists()
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_changed_archive_makes_another_and_removes_the_old_one_when_nobody_uses_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with engine_roots.kept_root(FORKY) as first:
        archive_changes(monkeypatch)
        with engine_roots.kept_root(FORKY) as second:
            assert {str(path) for path in roots(folder)} == {first, second}
    with engine_roots.kept_root(FORKY):
        assert [str(path) for path in roots(folder)] == [second]


def test_without_a_network_the_root_that_is_kept_is_used_and_said(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with engine_roots.kept_root(FORKY) as first:
        pass
    half = Path(f"{first}.new")
    half.mkdir()

    def fail(_mirror: str, _suite: str) -> bytes:
        raise Stop("the archive does not answer")

    monkeypatch.setattr(engine_roots, "_release", fail)
    with engine_roots.kept_root(FORKY) as second:
        assert second == first
    assert "is used as it is" in capsys.readouterr().err
    assert not half.exists()
    Path(first).rmdir()
    with pytest.raises(Stop), engine_roots.kept_root(FORKY):
        pass


def test_the_folder_of_a_run_goes_with_it_and_that_of_a_killed_one_with_the_next(
    folder: Path,
) -> None:
    left, used = folder / "forky.run-left", folder / "forky.run-used"
    for path in (left, used):
        path.mkdir(parents=True)
    (left / "file").touch()
    held = os.open(used, os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_SH)
    assert engine_roots.is_held(str(used))
    assert not engine_roots.is_held(str(left))
    with engine_roots.new_folder("forky") as run:
        assert engine_roots.is_held(run)
        assert {path.name for path in roots(folder)} == {"forky.run-used", Path(run).name}
    os.close(held)
    assert roots(folder) == [used]
