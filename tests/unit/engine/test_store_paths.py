from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from pipeline.engine.store_paths import StorePlace, find_store
from pipeline.errors import HostUnsupported

BUILDAH = """#!/bin/sh
echo asked >> "$HOME/asked"
cat "$HOME/answer"
"""


class Host:
    """A user whose Buildah says what a file says."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.program = folder / "bin" / "buildah"
        self.program.parent.mkdir()
        self.program.write_text(BUILDAH)
        self.program.chmod(0o755)
        self.environment = {"HOME": str(folder), "PATH": f"{self.program.parent}:{os.defpath}"}
        self.answers("vfs")

    @property
    def root(self) -> Path:
        return self.folder / "storage"

    @property
    def asked(self) -> int:
        """How many times Buildah was asked."""
        path = self.folder / "asked"
        return len(path.read_text().splitlines()) if path.exists() else 0

    def answers(self, driver: str, *options: str) -> None:
        store = {
            "GraphDriverName": driver,
            "GraphRoot": str(self.root),
            "GraphOptions": list(options),
        }
        (self.folder / "answer").write_text(json.dumps({"store": store}))
        (self.root / f"{driver}-images").mkdir(parents=True, exist_ok=True)


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


def test_it_is_asked_once(host: Host) -> None:
    places = [find_store(host.environment) for _ in range(3)]
    assert places == [StorePlace("vfs", (host.root,))] * 3
    assert host.asked == 1


def test_read_only_stores_below_come_last(host: Host) -> None:
    host.answers("vfs", "vfs.imagestore=/shared/a", "vfs.ignore_chown_errors=true")
    for _ in range(2):
        assert find_store(host.environment).roots == (host.root, Path("/shared/a"))
    assert host.asked == 1


@pytest.mark.parametrize(
    "variables",
    [
        {"STORAGE_DRIVER": "overlay"},
        {"CONTAINERS_STORAGE_CONF": "/elsewhere.conf"},
        {"XDG_DATA_HOME": "/data"},
    ],
)
def test_other_variables_ask_again(host: Host, variables: dict[str, str]) -> None:
    find_store(host.environment)
    find_store({**host.environment, **variables})
    assert host.asked == 2


def test_variables_of_others_do_not(host: Host) -> None:
    find_store(host.environment)
    find_store({**host.environment, "COLUMNS": "80"})
    assert host.asked == 1


def test_a_new_or_changed_configuration_asks_again(host: Host) -> None:
    find_store(host.environment)
    conf = host.folder / ".config" / "containers" / "storage.conf"
    conf.parent.mkdir(parents=True)
    for number, text in enumerate(('[storage]\ndriver = "vfs"\n', "[storage]\n"), start=2):
        conf.write_text(text)
        find_store(host.environment)
        find_store(host.environment)
        assert host.asked == number


def test_another_program_is_asked(host: Host) -> None:
    find_store(host.environment)
    host.program.write_text(f"{BUILDAH}# newer\n")
    find_store(host.environment)
    assert host.asked == 2


def test_a_store_of_another_driver_beside_it_asks_again(host: Host) -> None:
    find_store(host.environment)
    host.answers("overlay")
    assert find_store(host.environment).driver == "overlay"


def test_a_store_that_is_gone_asks_again(host: Host) -> None:
    find_store(host.environment)
    (host.root / "vfs-images").rmdir()
    find_store(host.environment)
    assert host.asked == 2


@pytest.mark.parametrize("note", ["", "[]", '{"driver": 1}'])
def test_a_broken_note_asks_again(host: Host, note: str) -> None:
    place = find_store(host.environment)
    (path,) = host.folder.glob(".cache/capas/store.json")
    known = json.loads(path.read_text())
    path.write_text(json.dumps({**known, **json.loads(note)}) if note.startswith("{") else note)
    assert find_store(host.environment) == place
    assert host.asked == 2


def test_a_cache_that_cannot_be_written_costs_only_time(host: Host) -> None:
    (host.folder / ".cache").write_text("a file where a folder belongs")
    for _ in range(2):
        assert find_store(host.environment).driver == "vfs"
    assert host.asked == 2


def test_without_buildah(tmp_path: Path) -> None:
    with pytest.raises(HostUnsupported):
        find_store({"HOME": str(tmp_path), "PATH": str(tmp_path)})
