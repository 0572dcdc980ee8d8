"""The unprivileged account that runs everything when root calls: facts, and what they lack.

The account owns nothing but its home and its subordinate ids; nobody can log in to it, for it
has no password.
"""

from __future__ import annotations

import os
import pwd
import stat
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from pipeline.bootstrap.privileges import runtime_folder

DEFAULT_NAME = "capas"
COMMENT = "rootless containers of capas"
IDS = 65536
"""Subordinate ids per account: what images made anywhere may use."""
_FIRST_ID = 100_000


class Range(NamedTuple):
    """A line of subuid(5)."""

    owner: str
    first: int
    size: int


class Lacks(NamedTuple):
    """What is still to be done for an account; everything empty or False when it is ready.

    Attributes:
        account: it does not exist.
        subuid: the first of a free range to give it, or None when it has one.
        subgid: the same for groups.
        runtime: its runtime folder is missing or somebody else's.
    """

    account: bool
    subuid: int | None
    subgid: int | None
    runtime: bool

    @property
    def nothing(self) -> bool:
        """Whether the account is ready."""
        return not any(self)


def name_from(environ: Mapping[str, str]) -> str:
    """The account's name: CAPAS_ACCOUNT, else `capas`."""
    return environ.get("CAPAS_ACCOUNT") or DEFAULT_NAME


def find(name: str) -> pwd.struct_passwd | None:
    """The account, or None."""
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def is_ours(account: pwd.struct_passwd) -> bool:
    """Whether capas made the account; a person's or a service's is not for running containers."""
    return account.pw_uid != 0 and account.pw_gecos.split(",")[0] == COMMENT


def lacks(name: str) -> Lacks:
    """Look at what the account still needs on this machine."""
    account = find(name)
    owners = {name, str(account.pw_uid)} if account else {name}
    return Lacks(
        account=account is None,
        subuid=_free_range("/etc/subuid", owners),
        subgid=_free_range("/etc/subgid", owners),
        runtime=account is None or not _is_private(runtime_folder(account.pw_uid), account.pw_uid),
    )


def closed_devices() -> tuple[str, ...]:
    """Device files that every distribution opens to all users and that are closed here."""
    return tuple(path for path in ("/dev/net/tun",) if _is_closed(path))


def ranges(text: str) -> tuple[Range, ...]:
    """The lines of a subuid or subgid file; lines that are none are left out."""
    found = []
    for line in text.splitlines():
        parts = line.strip().split(":")
        if len(parts) == 3 and parts[1].isdigit() and parts[2].isdigit():
            found.append(Range(parts[0], int(parts[1]), int(parts[2])))
    return tuple(found)


def first_free(taken: Iterable[Range]) -> int:
    """The first id after all ranges that are given away."""
    return max((one.first + one.size for one in taken), default=_FIRST_ID)


def _free_range(path: str, owners: set[str]) -> int | None:
    try:
        with open(path, encoding="utf-8") as file:
            taken = ranges(file.read())
    except FileNotFoundError:
        taken = ()
    if any(one.owner in owners and one.size >= IDS for one in taken):
        return None
    return max(first_free(taken), _FIRST_ID)


def _is_private(path: str, uid: int) -> bool:
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == uid


def _is_closed(path: str) -> bool:
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return False
    return stat.S_ISCHR(mode) and mode & 0o006 != 0o006
