"""Files in whose place somebody else may have put anything."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.bootstrap.safe_files import (
    UnsafeFile,
    open_lock,
    open_regular,
    read_bytes,
    read_text,
    write_whole,
)


def _link(path: Path) -> None:
    path.with_name("elsewhere").write_text("secret")
    path.symlink_to("elsewhere")


def _socket(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)  # the path of a socket has at most 107 characters
    try:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(path.name)
    finally:
        os.chdir(here)


PLANTED: dict[str, Callable[[Path], None]] = {
    "a symbolic link": _link,
    "a FIFO": os.mkfifo,
    "a folder": Path.mkdir,
    "a socket": _socket,
}
PARAMETERS = [pytest.param(make, what, id=what) for what, make in PLANTED.items()]


@pytest.mark.timeout(20)
@pytest.mark.parametrize(("make", "what"), PARAMETERS)
def test_what_is_no_file_is_named_and_neither_waited_for_nor_followed(
    tmp_path: Path, make: Callable[[Path], None], what: str
) -> None:
    path = tmp_path / "stamp"
    make(path)
    for use in (open_regular, read_bytes, read_text, open_lock):
        with pytest.raises(UnsafeFile, match=f"it is {what}"):
            use(path)


@pytest.mark.timeout(20)
@pytest.mark.parametrize(("make", "what"), PARAMETERS)
def test_a_new_file_takes_the_place_of_what_is_there(
    tmp_path: Path, make: Callable[[Path], None], what: str
) -> None:
    path = tmp_path / "stamp"
    make(path)
    if what == "a folder":
        with pytest.raises(OSError, match="directory"):
            write_whole(path, b"new")
        assert sorted(tmp_path.iterdir()) == [path]
        return
    write_whole(path, b"new", mode=0o640)
    assert read_bytes(path) == b"new"
    assert path.stat().st_mode & 0o777 == 0o640
    if what == "a symbolic link":
        assert (tmp_path / "elsewhere").read_text() == "secret"


def test_a_device_is_not_opened() -> None:
    with pytest.raises(UnsafeFile, match="it is a device"):
        read_bytes("/dev/null")


def test_a_file_that_is_too_large_or_somebody_elses(tmp_path: Path) -> None:
    path = tmp_path / "settings"
    path.write_text("four")
    assert read_text(path, limit=4, owner=os.getuid()) == "four"
    with pytest.raises(UnsafeFile, match="larger than 3 bytes"):
        read_bytes(path, limit=3)
    with pytest.raises(UnsafeFile, match="belongs to user id"):
        read_bytes(path, owner=os.getuid() + 1)
    with pytest.raises(FileNotFoundError):
        read_bytes(tmp_path / "nothing")


def test_a_file_below_a_descriptor(tmp_path: Path) -> None:
    at = os.open(tmp_path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        write_whole("key", b"k", dir_fd=at)
        assert read_bytes("key", dir_fd=at) == b"k"
        os.close(open_lock("key", dir_fd=at))
    finally:
        os.close(at)


def test_a_lock_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        os.close(open_lock(tmp_path / "mutex"))
    finally:
        os.umask(before)
    assert (tmp_path / "mutex").stat().st_mode & 0o777 == 0o600
    os.close(open_lock(tmp_path / "mutex", owner=os.getuid()))
