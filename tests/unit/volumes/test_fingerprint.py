"""A content has one digest, wherever the disk had holes, and another content has another."""

from __future__ import annotations

import io
import os
import subprocess
import tarfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.volumes.contents import ENDLESS, ArchiveContents, NoTar
from pipeline.volumes.fingerprint import Fingerprint

HEADER = bytes(512)
SPARSE = ("--format=posix", "--sparse", "--sparse-version=0.0", "--hole-detection=seek")


def digest(data: bytes, pieces: list[tuple[int, int]], step: int) -> str:
    made = Fingerprint()
    made.entry(HEADER, {}, len(data), pieces)
    stored = b"".join(data[offset : offset + length] for offset, length in pieces)
    for at in range(0, len(stored), step):
        made.data(stored[at : at + step])
    return made.hexdigest()


@st.composite
def files(draw: st.DrawFn) -> tuple[bytes, list[tuple[int, int]]]:
    """A file's bytes, and pieces that leave out nothing but zeros."""
    data, pieces = b"", []
    for _ in range(draw(st.integers(0, 6))):
        length = draw(st.sampled_from([1, 100, 512, 1000, 4095, 4096, 4097, 9000]))
        kind = draw(st.sampled_from(["hole", "zeros", "data"]))
        if kind != "hole":
            pieces.append((len(data), length))
        data += b"x" * length if kind == "data" else bytes(length)
    return data, pieces


@given(files(), st.sampled_from([1, 511, 4096, 1 << 20]), st.data())
def test_holes_count_as_zeros(
    file: tuple[bytes, list[tuple[int, int]]], step: int, more: st.DataObject
) -> None:
    data, pieces = file
    assert digest(data, pieces, step) == digest(data, [(0, len(data))], 1 << 20)
    if data:
        at = more.draw(st.integers(0, len(data) - 1))
        other = data[:at] + b"y" + data[at + 1 :]
        assert digest(other, [(0, len(data))], step) != digest(data, pieces, step)


def packed(folder: Path, *options: str) -> str:
    argv = ["tar", "--create", "--sort=name", *options, "."]
    raw = subprocess.run(argv, cwd=folder, capture_output=True, check=True).stdout
    contents = ArchiveContents(ENDLESS)
    for at in range(0, len(raw), 1000):
        contents.feed(raw[at : at + 1000])
    contents.end()
    return contents.digest()


def test_tar_is_understood(tmp_path: Path) -> None:
    with (tmp_path / "disk").open("wb") as file:
        for offset in (0, 1 << 20, (1 << 20) + 4096, 1 << 22, (1 << 24) - 7):
            file.seek(offset)
            file.write(b"words " * 200)
        file.truncate(1 << 25)
    (tmp_path / "plain").write_bytes(os.urandom(10_000) + bytes(10_000))
    keep = ("--pax-option=delete=atime,delete=ctime",)
    assert packed(tmp_path, *SPARSE, *keep) == packed(tmp_path, "--format=posix", *keep)


@pytest.mark.parametrize(
    "records",
    [
        {"SCHILY.acl.access": "user::rwx\ngroup::r-x\nother::r-x\n"},
        {"SCHILY.xattr.user.a": "b"},
        {"mtime": "1.5"},
    ],
)
def test_what_is_said_of_a_file_counts(records: dict[str, str]) -> None:
    found = set()
    for said in ({}, records):
        info = tarfile.TarInfo("a")
        info.pax_headers = said
        contents = ArchiveContents(ENDLESS)
        contents.feed(info.tobuf(tarfile.PAX_FORMAT) + bytes(10240))
        found.add(contents.digest())
    assert len(found) == 2


@pytest.mark.parametrize(
    "words",
    [
        ["GNU.sparse.offset=0", "GNU.sparse.offset=1"],
        ["GNU.sparse.numbytes=1"],
        ["GNU.sparse.offset=0", "path=a"],
        ["GNU.sparse.offset=4", "GNU.sparse.numbytes=9"] * 2,
    ],
)
def test_pieces_that_are_none_are_reported(words: list[str]) -> None:
    body = b"".join(b"%d %s\n" % (len(word) + 4, word.encode()) for word in words)
    head = tarfile.TarInfo("x")
    head.type, head.size = tarfile.XHDTYPE, len(body)
    raw = io.BytesIO()
    raw.write(head.tobuf(tarfile.GNU_FORMAT) + body + bytes(-len(body) % 512))
    raw.write(tarfile.TarInfo("a").tobuf(tarfile.GNU_FORMAT) + bytes(10240))
    with pytest.raises(NoTar, match="piece"):
        ArchiveContents(ENDLESS).feed(raw.getvalue())
