"""What a backup would bring is known from its headers, before anything is written."""

from __future__ import annotations

import io
import os
import random
import subprocess
import tarfile
import time
from pathlib import Path

import pytest

from pipeline.volumes.contents import ArchiveContents, NoTar, Room, TooMuch, room_at

ENOUGH = Room(1 << 30, 1000)
TERABYTE = 1 << 40


def counted(raw: bytes, room: Room = ENOUGH, piece: int = 777) -> ArchiveContents:
    contents = ArchiveContents(room)
    for at in range(0, len(raw), piece):
        contents.feed(raw[at : at + piece])
    contents.end()
    return contents


def packed(folder: Path, *options: str) -> bytes:
    argv = ["tar", "--create", *options, "."]
    return subprocess.run(argv, cwd=folder, capture_output=True, check=True).stdout


def header(name: str, size: int = 0, kind: bytes = b"0", **facts: object) -> bytes:
    info = tarfile.TarInfo(name)
    info.size, info.type = size, kind
    for key, value in facts.items():
        setattr(info, key, value)
    return info.tobuf(tarfile.GNU_FORMAT)


END = bytes(10240)


@pytest.mark.parametrize("form", ["posix", "gnu", "ustar", "v7"])
@pytest.mark.parametrize("piece", [1, 511, 512, 1 << 20])
def test_a_volume_is_counted_as_it_is(tmp_path: Path, form: str, piece: int) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "file").write_bytes(b"x" * 5000)
    (tmp_path / "empty").touch()
    (tmp_path / "link").symlink_to("folder/file")
    os.link(tmp_path / "empty", tmp_path / "other")
    contents = counted(packed(tmp_path, f"--format={form}"), piece=piece)
    assert contents.names == 6
    assert 5000 <= contents.size < 5000 + 10 * 4096


@pytest.mark.parametrize("form", ["posix", "gnu"])
def test_a_hole_counts_as_what_it_will_be(tmp_path: Path, form: str) -> None:
    with (tmp_path / "disk").open("wb") as file:
        file.truncate(TERABYTE)
        file.seek(TERABYTE // 2)
        file.write(b"a word in the middle")
    raw = packed(tmp_path, f"--format={form}", "--sparse")
    assert len(raw) < 100_000
    with pytest.raises(TooMuch, match=r"1\.10 TB"):
        counted(raw)
    assert counted(raw, Room(2 * TERABYTE)).size > TERABYTE


def test_the_size_of_an_extension_counts(tmp_path: Path) -> None:
    for key in ("size", "GNU.sparse.realsize", "GNU.sparse.size"):
        info = tarfile.TarInfo("x")
        info.pax_headers = {key: str(TERABYTE)}
        with pytest.raises(TooMuch):
            counted(info.tobuf(tarfile.PAX_FORMAT) + END)


def test_a_bomb_ends_with_the_room() -> None:
    """A terabyte of zeros is a gigabyte of gzip: the header says so before they come."""
    contents = ArchiveContents(ENOUGH)
    with pytest.raises(TooMuch):
        contents.feed(header("zeros", TERABYTE))


def test_names_without_end_end_with_the_names_that_are_left() -> None:
    entry = header("a")
    with pytest.raises(TooMuch, match="1001 files"):
        counted(entry * 2000, Room(1 << 40, 1000))
    with pytest.raises(TooMuch, match="need"):  # a file system without a number of files
        counted(entry * 2000, Room(1 << 20, None))


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"no tar at all" * 100,
        header("a"),
        header("a", 5) + b"12345",
        header("a")[:-1] + b"x" + END,
        header("a", kind=b"9") + END,
        header("a", 512, kind=b"5") + bytes(512) + END,
        header("a", 512, kind=b"1") + bytes(512) + END,
        header("long", 1 << 30, kind=b"L"),
        header("long", 1 << 30, kind=b"x"),
        header("x", 9, kind=b"x") + b"999 size=1".ljust(512, b"\0") + END,
        header("x", 9, kind=b"x") + b"0 size=1\n".ljust(512, b"\0") + END,
        header("x", 12, kind=b"x") + b"12 size=-1 \n".ljust(512, b"\0") + END,
        bytes(512) + header("a") + END,
        END + bytes(2 << 20),
    ],
)
def test_what_is_no_backup_is_reported(raw: bytes) -> None:
    with pytest.raises(NoTar):
        counted(raw)


def test_an_extension_of_many_records_takes_no_time() -> None:
    body = b"5 a=\n" * 3_000_000
    raw = header("x", len(body), kind=b"x") + body + bytes(-len(body) % 512) + END
    began = time.process_time()
    with pytest.raises(NoTar, match="more than 10000 records"):
        counted(raw, piece=1 << 20)
    assert time.process_time() - began < 2


def test_random_slips_are_counted_or_reported() -> None:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name in ("a", "b" * 150, "ü"):
            info = tarfile.TarInfo(name)
            info.size = 700
            tar.addfile(info, io.BytesIO(bytes(700)))
    raw = stream.getvalue()
    for seed in range(2000):
        chance = random.Random(seed)
        changed = bytearray(raw)
        for _ in range(chance.randint(1, 4)):
            changed[chance.randrange(len(changed))] = chance.randrange(256)
        try:
            counted(bytes(changed), piece=1 << 20)
        except (NoTar, TooMuch):
            continue


def test_the_room_of_a_folder_that_is_not_made_yet_is_that_above_it(tmp_path: Path) -> None:
    assert room_at(tmp_path / "no" / "such" / "folder").size > 0
