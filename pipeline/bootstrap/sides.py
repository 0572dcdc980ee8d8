"""The two sides of an exchange between a folder and its mirror, each in a process of its own."""

from __future__ import annotations

import errno
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import suppress
from typing import IO, NamedTuple

from pipeline.bootstrap.messages import print_message
from pipeline.bootstrap.mirror_state import Last, entry_told, last_of, remember, tree_told
from pipeline.bootstrap.returning import ReturnRule, row_for
from pipeline.bootstrap.source import SourceFolder
from pipeline.bootstrap.stream import (
    content,
    read_message,
    receive_entry,
    send_entry,
    write_message,
)
from pipeline.bootstrap.tree import (
    Root,
    Tree,
    TreeEntry,
    open_folder,
    read_entry,
    read_tree,
    to_delete,
    to_send,
)

_GIT = ".git"
_GIT_TELLS = ("HEAD", "index", "packed-refs", "logs/HEAD", "config")
"""Files of which git writes at least one whenever a commit comes or a branch moves."""
_CODE = frozenset({".ci", ".git", "bench", "capas", "docs", "pipeline", "tests"})
"""What a checkout has at its top: there the mirror has nothing that root's copy has not."""
_IN_THE_WAY = frozenset(
    {errno.EEXIST, errno.EINVAL, errno.EISDIR, errno.ELOOP, errno.ENOTDIR, errno.ENOTEMPTY}
)
"""Errors of one entry: what a task made in its place stays."""
_NAMED = 5
"""Paths that stay are told by name, so many."""


class Mirror(NamedTuple):
    """A folder and its mirror.

    Attributes:
        source: the folder.
        place: the mirror.
        is_program: it is the checkout; else a project, whose mirror keeps data that stays there.
        asked: paths that root named for results.
    """

    source: SourceFolder
    place: str
    is_program: bool
    asked: tuple[str, ...] = ()


def source_side(mirror: Mirror, source: IO[bytes], out: IO[bytes], *, push: bool) -> None:
    """What touches the source, and never the mirror; it believes nothing that it is told.

    Raises:
        EOFError: the other side has ended.
        ValueError, TypeError, LookupError: the other side says what makes no sense.
    """
    _take_home(mirror, source)
    if push:
        _give(mirror.source.descriptor, source, out)


def _take_home(mirror: Mirror, source: IO[bytes]) -> None:
    stays: list[str] = []
    while (record := read_message(source)) is not None:
        if "stays" in record:
            stays += map(str, record["stays"])
            continue
        path, entry, before = str(record["path"]), entry_told(record["entry"]), record["before"]
        row = row_for(path, mirror.asked)
        chunks = content(source, entry.size)
        if row is None or entry.kind != "f" or entry.size > row.limit:
            stays.append(path)
        else:
            told = _Brought(path, entry, before and entry_told(before))
            _bring(mirror.source.descriptor, told, row, chunks)
        for _ in chunks:  # what was not wanted still has to be read
            pass
    if stays:
        more = f" and {len(stays) - _NAMED} more" if len(stays) > _NAMED else ""
        print_message(f"stays in the account's copy: {', '.join(stays[:_NAMED])}{more}")
        print_message(
            "  → docs/security.md lists what returns to root's folders and what never does"
        )


class _Brought(NamedTuple):
    path: str
    entry: TreeEntry
    before: TreeEntry | None


def _bring(root: int, told: _Brought, row: ReturnRule, chunks: Iterator[bytes]) -> None:
    path, entry, before = told
    here = read_entry(root, path)
    if here is not None and (here != before or not row.replaces):
        if here != entry:
            print_message(
                f"kept as you {'changed it meanwhile' if row.replaces else 'had it'}: {path}"
            )
        return
    try:
        # Nobody may execute it, or write it but its owner.
        receive_entry(chunks, root, path, entry._replace(mode=entry.mode & 0o644))
    except (OSError, OverflowError) as error:
        print_message(f"not brought back: {path}: {getattr(error, 'strerror', error)}")


def _give(root: int, source: IO[bytes], out: IO[bytes]) -> None:
    here, git = read_tree(root, leave_out=_GIT), _git_state(root)
    write_message(out, [_digest(here), git])
    out.flush()
    there = read_message(source)
    if there is None:
        return
    here = read_tree(root) if there["git"] else here
    told = tree_told(there["tree"])
    write_message(out, to_delete(told, here))
    for path in to_send(told, here):
        send_entry(out, root, path, here[path])
    write_message(out, None)
    out.flush()
    read_message(source)


def account_side(mirror: Mirror, source: IO[bytes], out: IO[bytes], *, push: bool) -> None:
    """What the account does in an exchange: it touches the mirror and never the source."""
    place = mirror.place
    _make_place(mirror)
    there = read_tree(place, leave_out=_GIT)
    known = last_of(place)
    last = known or Last(there, "", {})
    changed = to_send({**last.tree, **last.own}, there)
    own = {path: entry for path, entry in last.own.items() if there.get(path) == entry}
    stays = []
    for path in changed:
        if there[path].kind == "f" and row_for(path, mirror.asked):
            send_entry(out, place, path, there[path], before=last.tree.get(path))
        elif there[path].kind == "d":
            own |= {} if path in last.tree else {path: there[path]}
        else:
            own[path] = there[path]
            stays.append(path)
    write_message(out, {"stays": stays})
    write_message(out, None)
    out.flush()
    now = Last(_given(there, last.tree, own), last.git, own)
    renewed = push and _take(mirror, there, now, source, out)
    if (changed or known is None or own != last.own) and not renewed:
        remember(place, now)


def _given(there: Tree, before: Tree, own: Tree) -> Tree:
    """A mirror without what is the task's own in it: that is told as it was before."""
    return {path: before[path] if path in own else entry for path, entry in there.items()
            if path not in own or path in before}  # fmt: skip


def _take(mirror: Mirror, there: Tree, now: Last, source: IO[bytes], out: IO[bytes]) -> bool:
    """Make the mirror what the source is; False when it is that already.

    Git's own files are many and change rarely: they are compared only when git's state is another.
    A task's own files stay as they are until root changes them, but not among the program's.
    """
    place, kept = mirror.place, dict(now.own)
    if mirror.is_program:
        kept = {path: one for path, one in kept.items()
                if path.split("/", 1)[0] not in _CODE and path not in now.tree}  # fmt: skip
    told = _given(there, now.tree, kept)
    digest, git = read_message(source)
    other_git = git != now.git
    if digest == _digest(told) and not other_git:
        write_message(out, None)
        out.flush()
        return False
    tree = {**told, **_git_tree(place)} if other_git else told
    write_message(out, {"tree": tree, "git": other_git})
    out.flush()
    for path in read_message(source):
        _remove(place, path)
    while (record := read_message(source)) is not None:
        entry = entry_told(record["entry"])
        chunks = content(source, entry.size)
        try:
            receive_entry(chunks, place, record["path"], entry)
            kept.pop(record["path"], None)
        except OSError as error:
            if error.errno not in _IN_THE_WAY:
                raise
            print_message(f"not renewed in the account's copy: {record['path']}: {error.strerror}")
            for _ in chunks:
                pass
    after = read_tree(place, leave_out=_GIT)
    own = {path: entry for path, entry in kept.items() if after.get(path) == entry}
    remember(place, Last(_given(after, now.tree, own), git, own))
    write_message(out, True)
    out.flush()
    return True


def _make_place(mirror: Mirror) -> None:
    """The mirror's folder, into which nobody else looks: root's may be closed, too."""
    above = os.path.dirname(mirror.place)
    os.makedirs(above, mode=0o755, exist_ok=True)
    os.chmod(above, 0o700)
    os.makedirs(mirror.place, mode=0o755, exist_ok=True)


def _git_tree(place: str) -> Tree:
    return {p: e for p, e in read_tree(place).items() if p == _GIT or p.startswith(f"{_GIT}/")}


def _digest(tree: Tree) -> str:
    return hashlib.sha256(json.dumps(sorted(tree.items())).encode()).hexdigest()


def _git_state(root: int) -> str:
    told = []
    for name in _GIT_TELLS:
        *folders, last = f"{_GIT}/{name}".split("/")
        try:
            folder = open_folder(root, folders)
        except OSError:
            continue
        with suppress(OSError):
            status = os.stat(last, dir_fd=folder, follow_symlinks=False)
            told.append(f"{name} {status.st_ino} {status.st_mtime_ns} {status.st_size}")
        os.close(folder)
    return "\n".join(told)


def _remove(root: Root, path: str) -> None:
    """Remove an entry, but a folder with what is not the mirror's: a cache, an environment."""
    *folders, name = path.split("/")
    with suppress(OSError):
        folder = open_folder(root, folders)
        try:
            os.unlink(name, dir_fd=folder)
        except OSError:
            os.rmdir(name, dir_fd=folder)
        finally:
            os.close(folder)
