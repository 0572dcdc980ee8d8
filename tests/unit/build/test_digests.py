"""Digests of files, remembered only while nothing can have changed."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest

from pipeline.build.context import digests as module
from pipeline.build.context.digests import Digests

LARGE = b"x" * (300 * 1024)


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files count as long unchanged."""
    monkeypatch.setattr(module, "_SETTLED", -1)


def _sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_a_large_file_is_read_once(tmp_path: Path, settled: None) -> None:
    file, memory = tmp_path / "f", tmp_path / "memory" / "digests.json"
    file.write_bytes(LARGE)
    first = Digests(memory)
    assert first.of(file) == _sha(LARGE)
    first.save()
    remembered = json.loads(memory.read_text())
    remembered[str(file)][0] = "known"
    memory.write_text(json.dumps(remembered))
    assert Digests(memory).of(file) == "known"


def test_any_change_is_seen(tmp_path: Path, settled: None) -> None:
    file, memory = tmp_path / "f", tmp_path / "digests.json"
    file.write_bytes(LARGE)
    first = Digests(memory)
    first.of(file)
    first.save()
    before = file.stat()
    other = b"y" * len(LARGE)
    file.write_bytes(other)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))  # the change hides its time
    assert Digests(memory).of(file) == _sha(other)


def test_what_was_just_written_is_not_remembered(tmp_path: Path) -> None:
    file, memory = tmp_path / "f", tmp_path / "digests.json"
    file.write_bytes(LARGE)
    first = Digests(memory)
    first.of(file)
    first.save()
    assert not memory.exists()


@pytest.mark.parametrize("text", ["", "[]", "{", '{"a": 1}', '{"a": ["b", 1]}'])
def test_a_broken_memory_is_no_memory(tmp_path: Path, text: str) -> None:
    file, memory = tmp_path / "f", tmp_path / "digests.json"
    memory.write_text(text)
    file.write_bytes(b"small")
    assert Digests(memory).of(file) == _sha(b"small")
