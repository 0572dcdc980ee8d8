"""Entries of a tree as a stream of bytes between two processes with different rights.

A record is a line of JSON and, for a file, exactly as many bytes as the line says. The reader
trusts nothing: paths are checked, links are not followed, files appear whole or not at all.
"""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterator
from contextlib import suppress
from typing import IO, Any

from pipeline.bootstrap.safe_files import open_regular
from pipeline.bootstrap.tree import Root, TreeEntry, open_folder

_CHUNK = 1 << 20
_NEW = ".capas-new"
_LONGEST = 1 << 28
"""Bytes of a line: a tree of a million entries."""


def write_message(out: IO[bytes], message: Any) -> None:
    """One line of JSON."""
    out.write(json.dumps(message, separators=(",", ":")).encode() + b"\n")


def read_message(source: IO[bytes]) -> Any:
    """The next line of JSON.

    Raises:
        EOFError: the other side has ended.
        ValueError: it is no such line.
    """
    line = source.readline(_LONGEST)
    if not line:
        raise EOFError
    return json.loads(line)


def send_entry(out: IO[bytes], root: Root, path: str, entry: TreeEntry, **more: Any) -> None:
    """Write one entry; a file that shrinks meanwhile is filled with zeros, and sent again later."""
    if entry.kind != "f":
        write_message(out, {"path": path, "entry": entry, **more})
        return
    try:
        file = _opened(root, path)
    except OSError:
        return  # it went away, became a link, or may not be read: then there is nothing to send
    with file:
        write_message(out, {"path": path, "entry": entry, **more})
        left = entry.size
        while left and (chunk := file.read(min(left, _CHUNK))):
            out.write(chunk)
            left -= len(chunk)
        while left:
            left -= out.write(b"\0" * min(left, _CHUNK))


def content(source: IO[bytes], size: int) -> Iterator[bytes]:
    """The bytes of a file record.

    Raises:
        EOFError: the other side has ended within it.
    """
    left = size
    while left:
        chunk = source.read(min(left, _CHUNK))
        if not chunk:
            raise EOFError
        left -= len(chunk)
        yield chunk


def receive_entry(chunks: Iterator[bytes], root: Root, path: str, entry: TreeEntry) -> None:
    """Make the entry below `root`, and the folders that it lies in.

    Args:
        chunks: the bytes of a file.
        root: the folder; only below it, and only in folders of our own, is anything written.
        path: below the root.
        entry: what to make.

    Raises:
        OSError: a component of the path is a link or somebody else's, or the disk is full.
    """
    parts = path.split("/")
    if path.startswith("/") or "\0" in path or any(part in {"", ".", ".."} for part in parts):
        raise OSError(errno.EINVAL, "not a path below the root", path)
    mode = entry.mode & 0o777
    folder = open_folder(root, parts[:-1], make=True)
    try:
        name = parts[-1]
        if entry.kind == "d":
            _make_folder(folder, name, mode)
        elif entry.kind == "l":
            _make_link(folder, name, entry.target)
        else:
            _make_file(folder, name, chunks, entry, mode)
    finally:
        os.close(folder)


def _opened(root: Root, path: str) -> IO[bytes]:
    *folders, name = path.split("/")
    folder = open_folder(root, folders)
    try:
        file = open_regular(name, dir_fd=folder)
        try:
            _examine(os.fstat(folder), os.fstat(file.fileno()), path)
        except BaseException:
            file.close()
            raise
        return file
    finally:
        os.close(folder)


def _examine(folder: os.stat_result, file: os.stat_result, path: str) -> None:
    """Refuse what others may have put before root: a hard link to a file that is not theirs."""
    others = folder.st_uid != 0 or folder.st_mode & 0o022
    if os.geteuid() == 0 and others and (file.st_nlink > 1 or file.st_uid != folder.st_uid):
        raise OSError(errno.EPERM, "it may be a link to somebody else's file", path)


def _make_folder(folder: int, name: str, mode: int) -> None:
    made = open_folder(folder, (name,), make=True)
    try:
        os.fchmod(made, mode)
    finally:
        os.close(made)


def _make_link(folder: int, name: str, target: str) -> None:
    half = f"{name}{_NEW}"
    with suppress(FileNotFoundError):
        os.unlink(half, dir_fd=folder)
    os.symlink(target, half, dir_fd=folder)
    os.rename(half, name, src_dir_fd=folder, dst_dir_fd=folder)


def _make_file(
    folder: int, name: str, chunks: Iterator[bytes], entry: TreeEntry, mode: int
) -> None:
    half = f"{name}{_NEW}"
    with suppress(FileNotFoundError):
        os.unlink(half, dir_fd=folder)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(half, flags, 0o600, dir_fd=folder)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.writelines(chunks)
            file.flush()
            os.fchmod(descriptor, mode)
            os.utime(descriptor, ns=(entry.mtime, entry.mtime))
        os.rename(half, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        os.unlink(half, dir_fd=folder)
        raise
