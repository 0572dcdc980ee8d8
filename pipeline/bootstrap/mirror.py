"""A folder of root's, mirrored where the account can read and write it, and back again.

Two processes with a pipe each way: root alone touches its folder, the account alone touches the
mirror, so neither can be led by the other to a file that it may not have. An exchange takes home
what a task made or changed in the mirror, then brings the mirror up to date. What the mirror was
after the last exchange is kept beside it: the difference to that is what a task did, even when
it was killed.
"""

from __future__ import annotations

import hashlib
import json
import os
import pwd
from collections.abc import Callable, Iterator
from typing import IO, Any, NamedTuple

from pipeline.bootstrap.become import child_as
from pipeline.bootstrap.speak import Stop, tell
from pipeline.bootstrap.stream import (
    content,
    read_message,
    receive_entry,
    send_entry,
    write_message,
)
from pipeline.bootstrap.tree import Entry, Tree, read_tree, to_delete, to_send

Keeps = Callable[[str], bool]
"""Whether a path of the folder is root's alone: a task's change to it stays in the mirror."""


class Mirror(NamedTuple):
    """A folder and its mirror.

    Attributes:
        source: the folder of root's.
        place: the mirror.
        keeps: what of the source no task may change.
    """

    source: str
    place: str
    keeps: Keeps


def place_of(source: str, home: str) -> str:
    """Where the mirror of a folder lies: its name for people, a digest of its path for us."""
    digest = hashlib.sha256(os.fsencode(source)).hexdigest()[:12]
    return f"{home}/.local/share/capas/checkouts/{os.path.basename(source)}-{digest}"


def of_the_program(path: str) -> bool:
    """Whether a path of a checkout is code that root itself runs, or git's own data.

    An account must not be able to change what root runs.
    """
    return path.split("/", 1)[0] in {".git", ".ci", "pipeline", "capas"}


def exchange(account: pwd.struct_passwd, mirror: Mirror) -> None:
    """Bring home what tasks made, then bring the mirror up to date.

    Raises:
        Stop: the account's side failed, most likely for want of room.
    """
    from_account, to_root = os.pipe()
    from_root, to_account = os.pipe()

    def body() -> int:
        os.close(from_account)
        os.close(to_account)
        try:
            with os.fdopen(from_root, "rb") as source, os.fdopen(to_root, "wb") as out:
                _account_side(mirror.place, source, out)
        except OSError as error:
            return error.errno or 1
        return 0

    child = child_as(account, body)
    os.close(to_root)
    os.close(from_root)
    said: Exception | None = None
    try:
        with os.fdopen(from_account, "rb") as source, os.fdopen(to_account, "wb") as out:
            _root_side(mirror, source, out)
    except (EOFError, BrokenPipeError) as error:
        said = error
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code != 0 or said is not None:
        raise Stop(
            f"the account {account.pw_name} cannot keep a copy of {mirror.source}",
            f"{mirror.place}: {os.strerror(code) if code > 0 else 'interrupted'}",
            "mend that (make room, where it is the disk), then run the same command again",
        )


def _root_side(mirror: Mirror, source: IO[bytes], out: IO[bytes]) -> None:
    here = read_tree(mirror.source)
    status = os.stat(mirror.source)
    owner = (status.st_uid, status.st_gid)
    while (record := read_message(source)) is not None:
        path, entry, before = record["path"], _entry(record["entry"]), _entry(record["before"])
        chunks = content(source, entry.size)
        if not mirror.keeps(path):
            if here.get(path) == before:
                _bring(mirror.source, path, entry, owner, chunks)
            elif here.get(path) != entry:
                tell(f"kept as you changed it meanwhile: {path}")
        for _ in chunks:  # what was not wanted still has to be read
            pass
    there = _tree(read_message(source))
    here = read_tree(mirror.source)
    write_message(out, to_delete(there, here))
    for path in to_send(there, here):
        send_entry(out, mirror.source, path, here[path])
    write_message(out, None)
    out.flush()
    read_message(source)


def _bring(
    root: str, path: str, entry: Entry, owner: tuple[int, int], chunks: Iterator[bytes]
) -> None:
    try:
        receive_entry(chunks, root, path, entry, owner)
    except OSError as error:
        tell(f"not brought back: {path}: {error.strerror}")


def _account_side(place: str, source: IO[bytes], out: IO[bytes]) -> None:
    os.makedirs(place, mode=0o755, exist_ok=True)
    last = _last(place)
    there = read_tree(place)
    for path in to_send(last, there):
        if there[path].kind != "l":
            send_entry(out, place, path, there[path], before=last.get(path))
    write_message(out, None)
    # What the task deleted is sent by root again; what it made is root's now too.
    write_message(out, there)
    out.flush()
    for path in read_message(source):
        _remove(f"{place}/{path}")
    while (record := read_message(source)) is not None:
        entry = _entry(record["entry"])
        receive_entry(content(source, entry.size), place, record["path"], entry)
    _remember(place, read_tree(place))
    write_message(out, True)
    out.flush()


def _entry(told: Any) -> Any:
    return None if told is None else Entry(*told)


def _tree(told: dict[str, list[Any]]) -> Tree:
    return {path: Entry(*entry) for path, entry in told.items()}


def _remove(path: str) -> None:
    if os.path.isdir(path) and not os.path.islink(path):
        try:
            os.rmdir(path)
        except OSError:
            return  # something in it is not the mirror's: a cache, an environment
    else:
        os.unlink(path)


def _last(place: str) -> Tree:
    try:
        with open(f"{place}.json", encoding="utf-8") as file:
            return _tree(json.load(file))
    except (FileNotFoundError, ValueError):
        return read_tree(place)


def _remember(place: str, tree: Tree) -> None:
    half = f"{place}.json.new"
    with open(half, "w", encoding="utf-8") as file:
        json.dump(tree, file, separators=(",", ":"))
    os.replace(half, f"{place}.json")
