from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from pipeline.host import storage
from pipeline.host.fact_cache import FactCache
from pipeline.host.facts import MountPoint, Setting, StorageFacts
from pipeline.host.storage import nearest_folder, observe_storage

MOUNTS = (MountPoint("/", "ext4"),)
# Cut out of a bolt_state.db that Podman 4.3.1 wrote: keys and values stand side by side.
BOLT = b"\0\x12graph-driver-namevfsgraph-root/home/ann/.local/share/containers/storageoslinux"


@pytest.fixture(autouse=True)
def no_probe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "_try_overlay", lambda scratch: None)


def observed(root: Path, chosen: str | None = None) -> StorageFacts:
    settings = {"driver": Setting(chosen, "/file")} if chosen else {}
    return observe_storage(str(root), MOUNTS, settings, FactCache(root / "memory.json"))


def stores(root: Path, *drivers: str) -> None:
    for name in drivers:
        (root / f"{name}-images").mkdir()


def write_sqlite(root: Path, driver: str) -> None:
    with closing(sqlite3.connect(root / "db.sql")) as connection:
        connection.execute("CREATE TABLE DBConfig (Id INTEGER, GraphDriver TEXT)")
        connection.execute("INSERT INTO DBConfig VALUES (1, ?)", (driver,))
        connection.commit()


def test_a_new_store_has_nothing(tmp_path: Path) -> None:
    new = observed(tmp_path / "not" / "there")
    assert new.stored == ()
    assert new.recorded is None
    assert new.filesystem == "ext4"


def test_one_driver_needs_no_database(tmp_path: Path) -> None:
    stores(tmp_path, "overlay")
    write_sqlite(tmp_path, "vfs")
    assert observed(tmp_path).stored == ("overlay",)
    assert observed(tmp_path).recorded is None


def test_the_new_database_decides_between_several(tmp_path: Path) -> None:
    stores(tmp_path, "overlay", "vfs")
    write_sqlite(tmp_path, "vfs")
    assert observed(tmp_path).recorded == "vfs"


def test_the_old_database_decides_between_several(tmp_path: Path) -> None:
    stores(tmp_path, "overlay", "vfs")
    (tmp_path / "libpod").mkdir()
    (tmp_path / "libpod" / "bolt_state.db").write_bytes(BOLT)
    assert observed(tmp_path).recorded == "vfs"


def test_the_database_is_asked_when_a_file_disagrees(tmp_path: Path) -> None:
    stores(tmp_path, "vfs")
    write_sqlite(tmp_path, "vfs")
    assert observed(tmp_path, chosen="overlay").recorded == "vfs"
    assert observed(tmp_path, chosen="vfs").recorded is None


@pytest.mark.parametrize("content", [b"", b"SQLite format 3\0", b"nonsense" * 1000])
def test_a_broken_database_says_nothing(tmp_path: Path, content: bytes) -> None:
    stores(tmp_path, "overlay", "vfs")
    (tmp_path / "db.sql").write_bytes(content)
    assert observed(tmp_path).recorded is None


def test_the_attempt_is_made_once_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempts: list[Path] = []

    def attempt(scratch: Path) -> bool:
        attempts.append(scratch)
        (scratch / "work" / "work").mkdir(parents=True, mode=0o700)
        (scratch / "work" / "work").chmod(0)
        return True

    monkeypatch.setattr(storage, "_try_overlay", attempt)
    memory = FactCache(tmp_path / "memory.json")
    for _ in range(2):
        assert observe_storage(str(tmp_path / "graph"), MOUNTS, {}, memory).native_overlay is True
    assert len(attempts) == 1
    assert list(tmp_path.iterdir()) == []


def test_what_could_not_be_tried_is_not_remembered(tmp_path: Path) -> None:
    assert observed(tmp_path).native_overlay is None
    assert not (tmp_path / "memory.json").exists()


def test_the_nearest_folder(tmp_path: Path) -> None:
    assert nearest_folder(tmp_path) == tmp_path
    assert nearest_folder(tmp_path / "a" / "b") == tmp_path
