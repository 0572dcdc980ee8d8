"""A folder below one where everybody may write is this account's alone, or an error."""

from __future__ import annotations

import math
import os
import time
from pathlib import Path

import pytest

from pipeline.engine import temporary_files
from pipeline.engine.own_folder import own_folder
from pipeline.engine.temporary_files import build_temporary, left_temporaries
from pipeline.errors import HostUnsupported


def test_it_is_made_once_for_this_account_alone(tmp_path: Path) -> None:
    folder = own_folder(tmp_path, "")
    assert folder.stat().st_mode & 0o777 == 0o700
    (folder / "kept").write_bytes(b"")
    assert own_folder(tmp_path, "") == folder
    assert (folder / "kept").exists()


@pytest.mark.parametrize("laid", ["link", "file", "open"])
def test_what_somebody_else_may_have_laid_is_not_taken(laid: str, tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir(mode=0o700)
    path = tmp_path / f"capas-{os.getuid()}"
    if laid == "link":
        path.symlink_to("theirs")
    elif laid == "file":
        path.write_bytes(b"")
    else:
        path.mkdir()
        path.chmod(0o770)
    with pytest.raises(HostUnsupported, match="not a folder that only you can enter"):
        own_folder(tmp_path, "")


def test_a_folder_of_another_account_is_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = os.getuid()
    monkeypatch.setattr(os, "getuid", lambda: owner + 1)
    (tmp_path / f"capas-{owner + 1}").mkdir(mode=0o700)
    with pytest.raises(HostUnsupported, match="not a folder that only you can enter"):
        own_folder(tmp_path, "")


def test_where_no_folder_can_be_made_the_error_says_what_to_set(tmp_path: Path) -> None:
    with pytest.raises(HostUnsupported, match="No such file or directory") as raised:
        own_folder(tmp_path / "missing", "")
    assert "TMPDIR" in raised.value.resolution


def test_what_a_killed_build_left_there_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Builds of this account that go on meanwhile would keep it.
    monkeypatch.setattr(temporary_files, "_in_use", lambda: (frozenset(), math.inf))
    environment = {"TMPDIR": str(tmp_path)}
    left = build_temporary(environment) / "buildah1234567"
    left.mkdir()
    assert left in left_temporaries(environment, now=time.time() + 7200)
