"""What files say of the store: as Buildah tells it where it does."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pipeline.engine import conf_files
from pipeline.host.fact_cache import FactCache
from pipeline.host.facts import Program
from pipeline.host.store_settings import StoreSettings, observe_store_settings

BUILDAH = """#!/bin/sh
echo asked >> "$HOME/asked"
cat "$HOME/says"
"""
USER = 1001


class Host:
    """A user whose Buildah says in its help what a file says."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        program = folder / "bin" / "buildah"
        program.parent.mkdir()
        program.write_text(BUILDAH)
        program.chmod(0o755)
        self.buildah = Program(str(program), (1, 43, 2))
        self.environ = {"HOME": str(folder), "PATH": f"{program.parent}:{os.defpath}"}

    def says(self, root: str, driver: str) -> None:
        (self.folder / "says").write_text(
            f'      --root string             storage root dir (default "{root}")\n'
            f'      --storage-driver string   storage-driver (default "{driver}")\n'
        )

    def lay(self, name: str, text: str) -> None:
        path = self.folder / ".config" / "containers" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def observe(self, buildah: Program | None = None) -> StoreSettings:
        memory = FactCache(self.folder / "memory.json")
        found = observe_store_settings(self.environ, USER, buildah or self.buildah, memory)
        memory.save()
        return found

    @property
    def asked(self) -> int:
        path = self.folder / "asked"
        return len(path.read_text().splitlines()) if path.exists() else 0


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    for name in ("VENDOR", "ADMIN"):
        monkeypatch.setattr(conf_files, name, tmp_path / name.lower())
    return Host(tmp_path)


def test_without_files_nobody_is_asked(host: Host) -> None:
    place = f"{host.folder}/.local/share/containers/storage"
    assert host.observe() == StoreSettings(place, ())
    assert host.asked == 0


def test_where_files_speak_buildah_is_asked_once_per_change(host: Host) -> None:
    host.lay("storage.conf.d/10.conf", '[storage]\ndriver = "vfs"\n')
    host.says("/elsewhere", "vfs")
    found = host.observe()
    assert found == host.observe()
    assert found.graphroot == "/elsewhere"
    assert [path.name for path, _ in found.files] == ["10.conf"]
    assert host.asked == 1
    host.lay("storage.conf.d/20.conf", '[storage]\ngraphroot = "/other"\n')
    host.says("/other", "vfs")
    assert host.observe().graphroot == "/other"
    assert host.asked == 2


def test_files_that_buildah_does_not_hear_say_nothing(host: Host) -> None:
    host.lay("storage.conf.d/10.conf", '[storage]\ndriver = "vfs"\ngraphroot = "/x"\n')
    host.says("/usual", "overlay")
    assert host.observe() == StoreSettings("/usual", ())


def test_an_old_buildah_is_not_asked(host: Host) -> None:
    host.lay("storage.conf", '[storage]\ngraphroot = "/own"\n')
    found = host.observe(Program(host.buildah.path, (1, 28, 2)))
    assert found.graphroot == "/own"
    assert host.asked == 0
