"""Mirrors of folders that are gone."""

from __future__ import annotations

import json
import os
import pwd
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.bootstrap import stale_mirrors
from pipeline.bootstrap.mirror import place_of


def as_child(_account: pwd.struct_passwd, body: Callable[[], int]) -> int:
    """A process of our own: only root becomes another account."""
    child = os.fork()
    if child == 0:
        os._exit(body())
    return child


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pwd.struct_passwd:
    monkeypatch.setattr(stale_mirrors, "child_as", as_child)
    ours = list(pwd.getpwuid(os.getuid()))
    ours[5] = str(tmp_path / "home")
    return pwd.struct_passwd(ours)


def mirrored(source: Path, account: pwd.struct_passwd) -> Path:
    place = Path(place_of(str(source), account.pw_dir))
    (place / ".venv").mkdir(parents=True)
    place.with_name(f"{place.name}.json").write_text("{}")
    return place.parent


def test_what_is_gone_goes_and_nothing_else(
    tmp_path: Path, account: pwd.struct_passwd, capsys: pytest.CaptureFixture[str]
) -> None:
    note = str(tmp_path / "root" / "mirrored.json")
    there, lost = tmp_path / "there", tmp_path / "lost"
    there.mkdir()
    lost.mkdir()
    kept, left = mirrored(there, account), mirrored(lost, account)
    unknown = mirrored(tmp_path / "never seen", account)
    stale_mirrors.remember([str(there), str(lost)], note)
    stale_mirrors.sweep(account, note, remove=True)
    assert left.exists()  # its folder is there
    lost.rmdir()
    stale_mirrors.sweep(account, note, remove=False)
    assert left.exists()
    assert "`prune --yes` removes 1 mirrors" in capsys.readouterr().err
    stale_mirrors.sweep(account, note, remove=True)
    assert not left.exists()
    assert kept.exists()
    assert unknown.exists()
    assert json.loads(Path(note).read_text()) == [str(there)]
    assert Path(note).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"a": 1}', "[" * 50_000, '["relative"]'])
def test_a_note_that_is_none_is_made_again(tmp_path: Path, text: str) -> None:
    note = tmp_path / "mirrored.json"
    note.write_text(text)
    stale_mirrors.remember(["/x"], str(note))
    assert json.loads(note.read_text()) == ["/x"]


def test_a_note_that_is_no_file_keeps_nobody_waiting(tmp_path: Path) -> None:
    note = tmp_path / "mirrored.json"
    os.mkfifo(note)
    stale_mirrors.remember(["/x"], str(note))
    assert json.loads(note.read_text()) == ["/x"]
