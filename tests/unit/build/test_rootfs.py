from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.build.rootfs import rootfs as room
from pipeline.build.rootfs.rootfs import cache_folder, key_of, prepare_rootfs
from pipeline.errors import CapasError
from pipeline.spec.model import Rootfs

WANTED = Rootfs("bookworm", ("python3", "busybox-static"), ("usr/lib/systemd",))


def silent(line: str) -> None:
    pass


def test_the_key_follows_everything_that_decides_the_content_and_no_order() -> None:
    key = key_of(WANTED, "x86_64")
    assert key == key_of(replace(WANTED, packages=("busybox-static", "python3")), "x86_64")
    others = [
        key_of(replace(WANTED, suite="trixie"), "x86_64"),
        key_of(replace(WANTED, packages=("python3",)), "x86_64"),
        key_of(replace(WANTED, exclude=()), "x86_64"),
        key_of(WANTED, "aarch64"),
    ]
    assert len({key, *others}) == 5


def test_the_cache_folder_honours_xdg(tmp_path: Path) -> None:
    assert cache_folder({"XDG_CACHE_HOME": "/c", "HOME": "/h"}) == Path("/c/capas/rootfs")
    assert cache_folder({"HOME": "/h"}) == Path("/h/.cache/capas/rootfs")


def test_what_is_there_is_used_without_asking_apt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*args: object) -> None:
        raise AssertionError("apt was asked")

    monkeypatch.setattr(room, "Apt", never)
    environ = {"XDG_CACHE_HOME": str(tmp_path)}
    tar = cache_folder(environ) / key_of(WANTED, os.uname().machine) / "rootfs.tar"
    tar.parent.mkdir(parents=True)
    tar.write_bytes(b"made before")
    assert prepare_rootfs(WANTED, environ, tell=silent) == tar
    with pytest.raises(AssertionError, match="apt was asked"):
        prepare_rootfs(WANTED, environ, tell=silent, refresh=True)


def test_a_cache_that_cannot_be_written_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "capas").write_text("in the way")
    with pytest.raises(CapasError) as caught:
        prepare_rootfs(WANTED, {"XDG_CACHE_HOME": str(tmp_path)}, tell=silent)
    assert "XDG_CACHE_HOME" in caught.value.resolution
