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

from pipeline.bootstrap.tree import Entry

_CHUNK = 1 << 20
_NEW = ".capas-new"


def write_message(out: IO[bytes], message: Any) -> None:
    """One line of JSON."""
    out.write(json.dumps(message, separators=(",", ":")).encode() + b"\n")


def read_message(source: IO[bytes]) -> Any:
    """The next line of JSON.

    Raises:
        EOFError: the other side has ended.
    """
    line = source.readline()
    if not line:
        raise EOFError
    return json.loads(line)


def send_entry(out: IO[bytes], root: str, path: str, entry: Entry, **more: Any) -> None:
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
        out.write(b"\0" * left)


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


def receive_entry(
    chunks: Iterator[bytes],
    root: str,
    path: str,
    entry: Entry,
    owner: tuple[int, int] | None = None,
) -> None:
    """Make the entry below `root`.

    Args:
        chunks: the bytes of a file.
        root: the folder; only below it is anything written.
        path: below the root.
        entry: what to make.
        owner: user and group that it shall belong to.

    Raises:
        OSError: a component of the path is a link, or the disk is full.
    """
    parts = path.split("/")
    if path.startswith("/") or any(part in {"", ".", ".."} for part in parts):
        raise OSError(errno.EINVAL, "not a path below the root", path)
    mode = entry.mode & 0o777
    folder = _folder(root, parts[:-1])
    try:
        name = parts[-1]
        if entry.kind == "d":
            _make_folder(folder, name, mode)
        elif entry.kind == "l":
            _make_link(folder, name, entry.target)
        else:
            _make_file(folder, name, chunks, entry, mode)
        if owner is not None:
            os.chown(name, *owner, dir_fd=folder, follow_symlinks=False)
    finally:
        os.close(folder)


def _folder(root: str, parts: list[str]) -> int:
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
    at = os.open(root, flags)
    for part in parts:
        try:
            below = os.open(part, flags | os.O_NOFOLLOW, dir_fd=at)
        finally:
            os.close(at)
        at = below
    return at


def _opened(root: str, path: str) -> IO[bytes]:
    parts = path.split("/")
    folder = _folder(root, parts[:-1])
    try:
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        return os.fdopen(os.open(parts[-1], flags, dir_fd=folder), "rb")
    finally:
        os.close(folder)


def _make_folder(folder: int, name: str, mode: int) -> None:
    with suppress(FileExistsError):
        os.mkdir(name, mode, dir_fd=folder)
    made = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
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


def _make_file(folder: int, name: str, chunks: Iterator[bytes], entry: Entry, mode: int) -> None:
    half = f"{name}{_NEW}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(half, flags, 0o600, dir_fd=folder)
    with os.fdopen(descriptor, "wb") as file:
        file.writelines(chunks)
        file.flush()
        os.fchmod(descriptor, mode)
        os.utime(descriptor, ns=(entry.mtime, entry.mtime))
    os.rename(half, name, src_dir_fd=folder, dst_dir_fd=folder)
