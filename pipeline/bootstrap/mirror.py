"""A folder of root's, mirrored where the account can read and write it, and back again.

Two processes with a pipe each way: root alone touches its folder, the account alone touches the
mirror, so neither can be led by the other to a file that it may not have. What the mirror was
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

from pipeline.bootstrap.become import child_as, environment_of
from pipeline.bootstrap.environment import Environment
from pipeline.bootstrap.speak import Stop, tell
from pipeline.bootstrap.stream import (
    content,
    read_message,
    receive_entry,
    send_entry,
    write_message,
)
from pipeline.bootstrap.tree import Entry, Tree, read_entry, read_tree, to_delete, to_send

_GIT = ".git"
_GIT_TELLS = ("HEAD", "index", "packed-refs", "logs/HEAD", "config")
"""Files of which git writes at least one whenever a commit comes or a branch moves."""


class Mirror(NamedTuple):
    """A folder and its mirror.

    Attributes:
        source: the folder of root's.
        place: the mirror.
        keeps: whether a path of the source is root's alone: no task may change it.
    """

    source: str
    place: str
    keeps: Callable[[str], bool]


class Last(NamedTuple):
    """What the mirror was after the last exchange.

    Attributes:
        tree: its entries, without git's own.
        git: what git's tell-tale files were in the source.
    """

    tree: Tree
    git: str


def place_of(source: str, home: str) -> str:
    """Where the mirror of a folder lies: a digest of its path for us, and below it its own name.

    `init` calls a project what its folder is called.
    """
    digest = hashlib.sha256(os.fsencode(source)).hexdigest()[:12]
    return f"{home}/.local/share/capas/checkouts/{digest}/{os.path.basename(source)}"


def environment_for(account: pwd.struct_passwd, checkout: str) -> Environment:
    """The account's environment, in its mirror of the checkout."""
    place = place_of(checkout, account.pw_dir)
    return Environment(place, account, environment_of(account, os.environ))


def of_the_program(path: str) -> bool:
    """Whether a path of a checkout is code that root itself runs, or git's own data.

    An account must not be able to change what root runs.
    """
    return path.split("/", 1)[0] in {_GIT, ".ci", "pipeline", "capas"}


def bring_up_to_date(account: pwd.struct_passwd, mirror: Mirror) -> None:
    """Bring home what an earlier task left, then make the mirror what the source is.

    Raises:
        Stop: the account's side failed, most likely for want of room.
    """
    _exchange(account, mirror, push=True)


def bring_home(account: pwd.struct_passwd, mirror: Mirror) -> None:
    """Bring home what a task made or changed in the mirror.

    Raises:
        Stop: the account's side failed.
    """
    _exchange(account, mirror, push=False)


def _exchange(account: pwd.struct_passwd, mirror: Mirror, *, push: bool) -> None:
    from_account, to_root = os.pipe()
    from_root, to_account = os.pipe()

    def body() -> int:
        os.close(from_account)
        os.close(to_account)
        try:
            with os.fdopen(from_root, "rb") as source, os.fdopen(to_root, "wb") as out:
                account_side(mirror.place, source, out, push=push)
        except OSError as error:
            return error.errno or 1
        return 0

    child = child_as(account, body)
    os.close(to_root)
    os.close(from_root)
    whole = True
    try:
        with os.fdopen(from_account, "rb") as source, os.fdopen(to_account, "wb") as out:
            root_side(mirror, source, out, push=push)
    except (EOFError, BrokenPipeError):
        whole = False
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code != 0 or not whole:
        raise Stop(
            f"the account {account.pw_name} cannot keep a copy of {mirror.source}",
            f"{mirror.place}: {os.strerror(code) if code > 0 else 'interrupted'}",
            "mend that (make room, where it is the disk), then run the same command again",
        )


def root_side(mirror: Mirror, source: IO[bytes], out: IO[bytes], *, push: bool) -> None:
    """What root does in an exchange: it touches the source and never the mirror."""
    _root_takes(mirror, source)
    if push:
        _root_gives(mirror.source, source, out)


def _root_takes(mirror: Mirror, source: IO[bytes]) -> None:
    status = os.stat(mirror.source)
    owner = (status.st_uid, status.st_gid)
    while (record := read_message(source)) is not None:
        path, entry, before = record["path"], _entry(record["entry"]), _entry(record["before"])
        chunks = content(source, entry.size)
        if not mirror.keeps(path):
            here = read_entry(mirror.source, path)
            if here == before:
                _bring(mirror.source, path, entry, owner, chunks)
            elif here != entry:
                tell(f"kept as you changed it meanwhile: {path}")
        for _ in chunks:  # what was not wanted still has to be read
            pass


def _bring(
    root: str, path: str, entry: Entry, owner: tuple[int, int], chunks: Iterator[bytes]
) -> None:
    try:
        receive_entry(chunks, root, path, entry, owner)
    except OSError as error:
        tell(f"not brought back: {path}: {error.strerror}")


def _root_gives(root: str, source: IO[bytes], out: IO[bytes]) -> None:
    here, git = read_tree(root, leave_out=_GIT), _git_state(root)
    write_message(out, [_digest(here), git])
    out.flush()
    there = read_message(source)
    if there is None:
        return
    here = read_tree(root) if there["git"] else here
    told = _tree(there["tree"])
    write_message(out, to_delete(told, here))
    for path in to_send(told, here):
        send_entry(out, root, path, here[path])
    write_message(out, None)
    out.flush()
    read_message(source)


def account_side(place: str, source: IO[bytes], out: IO[bytes], *, push: bool) -> None:
    """What the account does in an exchange: it touches the mirror and never the source."""
    os.makedirs(place, mode=0o755, exist_ok=True)
    there = read_tree(place, leave_out=_GIT)
    known = _last(place)
    last = known or Last(there, "")
    changed = to_send(last.tree, there)
    for path in changed:
        if there[path].kind != "l":
            send_entry(out, place, path, there[path], before=last.tree.get(path))
    write_message(out, None)
    out.flush()
    renewed = push and _take(place, there, last.git, source, out)
    if (changed or known is None) and not renewed:
        _remember(place, Last(there, last.git))


def _take(place: str, there: Tree, last_git: str, source: IO[bytes], out: IO[bytes]) -> bool:
    """Make the mirror what the source is; False when it is that already.

    Git's own files are many and change rarely: they are compared only when git's state is another.
    """
    digest, git = read_message(source)
    other_git = git != last_git
    if digest == _digest(there) and not other_git:
        write_message(out, None)
        out.flush()
        return False
    write_message(out, {"tree": read_tree(place) if other_git else there, "git": other_git})
    out.flush()
    for path in read_message(source):
        _remove(f"{place}/{path}")
    while (record := read_message(source)) is not None:
        entry = _entry(record["entry"])
        receive_entry(content(source, entry.size), place, record["path"], entry)
    _remember(place, Last(read_tree(place, leave_out=_GIT), git))
    write_message(out, True)
    out.flush()
    return True


def _digest(tree: Tree) -> str:
    return hashlib.sha256(json.dumps(list(tree.items())).encode()).hexdigest()


def _git_state(root: str) -> str:
    told = []
    for name in _GIT_TELLS:
        try:
            status = os.lstat(f"{root}/{_GIT}/{name}")
        except OSError:
            continue
        told.append(f"{name} {status.st_ino} {status.st_mtime_ns} {status.st_size}")
    return "\n".join(told)


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


def _last(place: str) -> Last | None:
    try:
        with open(f"{place}.json", encoding="utf-8") as file:
            told = json.load(file)
        return Last(_tree(told["tree"]), told["git"])
    except (FileNotFoundError, ValueError, KeyError):
        return None


def _remember(place: str, last: Last) -> None:
    half = f"{place}.json.new"
    with open(half, "w", encoding="utf-8") as file:
        json.dump(last._asdict(), file, separators=(",", ":"))
    os.replace(half, f"{place}.json")
