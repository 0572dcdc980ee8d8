from __future__ import annotations

import fcntl
import gzip
import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.errors import CapasError, UsageError
from pipeline.volumes.archive import Writing, checksum_path, examine, halves, pieces
from pipeline.volumes.backup import file_name

CONTENT = b"a tar, as far as this file knows" * 1000


def made(path: Path, content: bytes = CONTENT) -> Path:
    with Writing(path) as file:
        file.write(content[:100])
        file.write(content[100:])
        assert file.keep() == path.stat().st_size
    return path


def test_a_backup_comes_back_and_tells_its_content(tmp_path: Path) -> None:
    path = made(tmp_path / "new" / "data.tar.gz")
    assert b"".join(pieces(path)) == CONTENT
    assert examine(path) == hashlib.sha256(CONTENT).hexdigest()
    assert [p.name for p in path.parent.iterdir() if p.name.startswith(".")] == []


def test_the_checksum_is_in_the_words_of_sha256sum(tmp_path: Path) -> None:
    path = made(tmp_path / "data.tar.gz")
    argv = ["sha256sum", "--check", "--strict", checksum_path(path).name]
    done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_same_content_gives_the_same_bytes(tmp_path: Path) -> None:
    one, two = made(tmp_path / "one"), made(tmp_path / "two")
    assert one.read_bytes() == two.read_bytes()


def test_nothing_is_left_of_a_backup_that_was_not_finished(tmp_path: Path) -> None:
    with Writing(tmp_path / "data.tar.gz") as file:
        file.write(CONTENT)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_left_when_the_interruption_comes_while_it_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    close = gzip.GzipFile.close

    def interrupted(self: gzip.GzipFile) -> None:
        close(self)
        raise KeyboardInterrupt

    writing = Writing(tmp_path / "data.tar.gz")
    with writing as file:
        file.write(b"half")
        monkeypatch.setattr(gzip.GzipFile, "close", interrupted)
        with pytest.raises(KeyboardInterrupt):
            writing.__exit__(None, None, None)
        monkeypatch.undo()
        assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "data.tar.gz"
    path.write_text("precious")
    with pytest.raises(UsageError, match="already exists"):
        Writing(path)
    assert path.read_text() == "precious"


@pytest.mark.parametrize("where", [0, 30, -9, -1])
@pytest.mark.parametrize("with_checksum", [True, False])
def test_a_changed_byte_is_found(tmp_path: Path, where: int, with_checksum: bool) -> None:
    path = made(tmp_path / "data.tar.gz")
    damaged = bytearray(path.read_bytes())
    damaged[where] ^= 0x10
    path.write_bytes(damaged)
    if not with_checksum:
        checksum_path(path).unlink()
    with pytest.raises(CapasError, match="damaged"):
        examine(path)


def test_a_backup_cut_short_and_one_that_is_none_are_found(tmp_path: Path) -> None:
    path = made(tmp_path / "data.tar.gz")
    checksum_path(path).unlink()
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(CapasError, match="damaged"):
        examine(path)
    path.write_bytes(b"no gzip at all")
    with pytest.raises(CapasError, match="damaged"):
        examine(path)
    with pytest.raises(UsageError, match="there is no backup"):
        examine(tmp_path / "missing")


def test_a_backup_of_another_gzip_without_a_checksum_is_read(tmp_path: Path) -> None:
    path = tmp_path / "other.tar.gz"
    path.write_bytes(gzip.compress(CONTENT))
    assert examine(path) == hashlib.sha256(CONTENT).hexdigest()


def test_names_sort_by_time() -> None:
    assert file_name("data", 0) == "data-19700101T000000Z.tar.gz"
    assert file_name("data", 1e9) < file_name("data", 2e9)


KILLED = """
import os, signal, sys
from pathlib import Path
from pipeline.volumes.archive import Writing
with Writing(Path(sys.argv[1])) as file:
    file.write(b"x" * 5000)
    print("written", flush=True)
    sys.stdin.readline()
"""


def test_what_a_killed_backup_left_is_known_from_what_is_being_written(tmp_path: Path) -> None:
    target = tmp_path / "data-1.tar.gz"
    (tmp_path / ".data-1.tar.gz.notours").touch()
    (tmp_path / ".data-2.tar.gz.01234567").mkdir()
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, str(target)],
        env={"PYTHONPATH": str(Path(__file__).parents[3])},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert halves(tmp_path) == []
        process.kill()
    (left,) = halves(tmp_path)
    assert left.name.startswith(".data-1.tar.gz.")
    assert halves(tmp_path, "data-*.tar.gz") == [left]
    assert halves(tmp_path, "other-*.tar.gz") == []


def test_a_half_backup_that_is_swept_while_it_begins_begins_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = fcntl.flock
    swept: list[Path] = []

    def swept_before(descriptor: int, how: int) -> None:
        if not swept:
            swept.extend(tmp_path.glob(".data.tar.gz.*"))
            swept[0].unlink()
        lock(descriptor, how)

    monkeypatch.setattr(fcntl, "flock", swept_before)
    made(tmp_path / "data.tar.gz")
    assert len(swept) == 1
