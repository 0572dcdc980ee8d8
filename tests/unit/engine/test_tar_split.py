"""Tar-split records, made here from tars of Python's own tarfile."""

from __future__ import annotations

import base64
import gzip
import io
import json
import tarfile
from pathlib import Path

import pytest

from pipeline.engine.storage import StoredLayer
from pipeline.engine.tar_split import LayerFile, file_digest, read_file_list
from pipeline.errors import EngineError


def stored(tmp_path: Path, tar: bytes, *, size: int | None = None) -> StoredLayer:
    """A layer whose record says what `tar` is, as vbatts/tar-split writes it."""
    entries: list[dict[str, object]] = []
    at = 0
    with tarfile.open(fileobj=io.BytesIO(tar)) as opened:
        for member in opened.getmembers():
            data = member.offset_data
            entries.append({"type": 2, "payload": base64.b64encode(tar[at:data]).decode()})
            length = member.size if member.isreg() else 0
            checksum = base64.b64encode(bytes([length % 256] * 8)).decode()
            entries.append({"type": 1, "name": member.name, "size": length, "payload": checksum})
            at = data + length
    entries.append({"type": 2, "payload": base64.b64encode(tar[at:]).decode()})
    record = tmp_path / "layer.tar-split.gz"
    record.write_bytes(gzip.compress("\n".join(map(json.dumps, entries)).encode()))
    whole = len(tar) if size is None else size
    return StoredLayer("id", "sha256:x", whole, None, tmp_path / "diff", record)


def packed(*members: tuple[tarfile.TarInfo, bytes], kind: int = tarfile.PAX_FORMAT) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=kind) as tar:
        for member, content in members:
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return stream.getvalue()


def member(name: str, **facts: object) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    for key, value in facts.items():
        setattr(info, key, value)
    return info


def only(tmp_path: Path, info: tarfile.TarInfo, kind: int = tarfile.PAX_FORMAT) -> LayerFile:
    (file,) = read_file_list(stored(tmp_path, packed((info, b""), kind=kind)))
    return file


def test_files_follow_each_other_whatever_their_padding(tmp_path: Path) -> None:
    sizes = (0, 1, 511, 512, 513)
    tar = packed(*((member(f"f{n}", mode=0o751), b"x" * n) for n in sizes))
    files = read_file_list(stored(tmp_path, tar))
    assert [(f.path, f.size, f.mode) for f in files] == [(f"f{n}", n, 0o751) for n in sizes]


@pytest.mark.parametrize("kind", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
def test_long_names_links_and_large_owners(tmp_path: Path, kind: int) -> None:
    long = "d/" * 80 + "name"
    link = member(long, type=tarfile.SYMTYPE, linkname="t" * 150, uid=3_000_000, gid=5)
    file = only(tmp_path, link, kind)
    assert (file.path, file.kind, file.content) == (long, "symlink", "t" * 150)
    assert (file.uid, file.gid) == (3_000_000, 5)


@pytest.mark.parametrize("piece", [1, 100, 1000, 5000])
def test_a_record_is_read_alike_in_pieces_of_any_length(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, piece: int
) -> None:
    layer = stored(tmp_path, packed(*((member(f"f{n}"), b"x" * n) for n in range(20))))
    whole = read_file_list(layer)
    monkeypatch.setattr("pipeline.engine.tar_split._PIECE", piece)
    assert read_file_list(layer) == whole
    assert len(whole) == 20


def test_what_removes_and_what_clears(tmp_path: Path) -> None:
    assert only(tmp_path, member("a/.wh.b")).kind == "whiteout"
    assert only(tmp_path, member("a/.wh.b")).path == "a/b"
    assert only(tmp_path, member(".wh.b")).path == "b"
    assert only(tmp_path, member("a/.wh..wh..opq")).kind == "opaque"
    assert only(tmp_path, member("a/.wh..wh..opq")).path == "a"


def test_attributes_count_but_not_those_of_the_overlay_filesystem(tmp_path: Path) -> None:
    info = member("a", mode=0o4755, mtime=7)
    info.pax_headers = {
        "SCHILY.xattr.security.capability": "cap",
        "SCHILY.xattr.user.overlay.origin": "noise",
    }
    file = only(tmp_path, info)
    assert (file.mode, file.mtime, file.xattrs) == (0o4755, "7", "security.capability=cap")


def test_a_record_that_does_not_fit_the_layer_is_refused(tmp_path: Path) -> None:
    layer = stored(tmp_path, packed((member("a"), b"x")), size=1)
    with pytest.raises(EngineError, match="cannot be read"):
        read_file_list(layer)


def test_a_digest_is_of_a_file_in_the_layer_and_of_nothing_outside(tmp_path: Path) -> None:
    layer = stored(tmp_path, packed((member("a"), b"x")))
    layer.folder.mkdir()
    (layer.folder / "a").write_text("")
    (tmp_path / "secret").write_text("")
    (layer.folder / "link").symlink_to(tmp_path / "secret")
    (layer.folder / "out").symlink_to(tmp_path)
    (layer.folder / "dir").mkdir()
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert file_digest(layer, "a") == empty
    assert file_digest(layer, "link") is None
    assert file_digest(layer, "../secret") is None
    assert file_digest(layer, "out/secret") is None
    assert file_digest(layer, "dir") is None
    assert file_digest(layer, "missing") is None
