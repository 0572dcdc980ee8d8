from __future__ import annotations

import hashlib
import os
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.engine import volume_files
from pipeline.engine.inspected import ListedVolume
from pipeline.engine.volume_files import exchange, folder_of, is_empty, pack, sweep, unpack_beside
from pipeline.errors import EngineError, HostUnsupported


@pytest.fixture(autouse=True)
def in_our_own_namespace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(volume_files, "UNSHARE", ())


@pytest.fixture
def environment() -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}


def filled(folder: Path) -> Path:
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "file").write_bytes(b"x" * 5000)
    (folder / "sub" / "file").chmod(0o640)
    (folder / "link").symlink_to("sub/file")
    os.link(folder / "sub" / "file", folder / "hard")
    os.utime(folder / "sub" / "file", ns=(1, 1_500_000_000_123_456_789))
    folder.chmod(0o700)
    return folder


def packed(folder: Path, environment: dict[str, str], **how: bool) -> bytes:
    found: list[bytes] = []
    pack(folder, environment, found.append, **how)
    return b"".join(found)


def test_what_is_packed_and_unpacked_packs_the_same(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    folder = filled(tmp_path / "volume" / "_data")
    tar = packed(folder, environment)
    assert packed(folder, environment) == tar
    new = unpack_beside(folder, environment, [tar[:700], tar[700:]])
    assert new.parent == folder.parent
    assert packed(new, environment) == tar
    assert new.stat().st_mode & 0o777 == 0o700
    assert (new / "sub" / "file").stat().st_mtime_ns == 1_500_000_000_123_456_789
    assert (new / "hard").samefile(new / "sub" / "file")


def test_the_folders_own_mode_is_in_the_tar(tmp_path: Path, environment: dict[str, str]) -> None:
    path = tmp_path / "t.tar"
    path.write_bytes(packed(filled(tmp_path / "_data"), environment))
    with tarfile.open(path) as tar:
        first = tar.getmembers()[0]
    assert (first.name, first.mode) == (".", 0o700)


def test_a_damaged_tar_leaves_nothing(tmp_path: Path, environment: dict[str, str]) -> None:
    folder = filled(tmp_path / "volume" / "_data")
    tar = packed(folder, environment)
    with pytest.raises(EngineError):
        unpack_beside(folder, environment, [tar[:600]])
    with pytest.raises(EngineError):
        unpack_beside(folder, environment, [b"no tar at all" * 1000])
    assert [p.name for p in folder.parent.iterdir()] == ["_data"]


def test_an_error_of_the_source_ends_the_program_and_leaves_nothing(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    folder = filled(tmp_path / "volume" / "_data")

    def broken() -> object:
        yield packed(folder, environment)[:600]
        raise RuntimeError

    with pytest.raises(RuntimeError):
        unpack_beside(folder, environment, broken())  # type: ignore[arg-type]
    assert [p.name for p in folder.parent.iterdir()] == ["_data"]


def test_a_folder_that_is_not_there_is_an_error(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    with pytest.raises(EngineError):
        packed(tmp_path / "missing", environment)


def test_two_folders_change_places(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)
    exchange(tmp_path / "one", tmp_path / "two")
    assert (tmp_path / "one" / "file").read_text() == "two"
    assert (tmp_path / "two" / "file").read_text() == "one"
    with pytest.raises(FileNotFoundError):
        exchange(tmp_path / "one", tmp_path / "missing")


def test_leftovers_are_swept_and_the_volume_stays(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    folder = filled(tmp_path / "volume" / "_data")
    before = hashlib.sha256(packed(folder, environment)).digest()
    unpack_beside(folder, environment, [packed(folder, environment)])
    sweep(folder, environment)
    assert [p.name for p in folder.parent.iterdir()] == ["_data"]
    assert hashlib.sha256(packed(folder, environment)).digest() == before


def test_empty_means_nothing_at_all(tmp_path: Path, environment: dict[str, str]) -> None:
    assert is_empty(tmp_path, environment)
    (tmp_path / ".hidden").touch()
    assert not is_empty(tmp_path, environment)


def test_only_a_plain_folder_of_this_machine_is_read(tmp_path: Path) -> None:
    plain = ListedVolume("v", driver="local", mountpoint=str(tmp_path / "_data"))
    assert folder_of(plain) == tmp_path / "_data"
    with pytest.raises(HostUnsupported, match="not a plain folder"):
        folder_of(replace(plain, options={"type": "nfs"}))
    with pytest.raises(HostUnsupported, match="not on this machine"):
        folder_of(replace(plain, mountpoint="/nowhere/volume/_data"))
