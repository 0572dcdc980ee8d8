"""A folder, mirrored where the account can read and write it, and back again.

Two processes with a pipe each way: one touches the folder, with no more rights than its owner has
(root itself only for a folder of root's), the other touches the mirror as the account. Neither can
be led by the other, or by whoever swaps a folder meanwhile, to a file that it may not have. What
the mirror was after the last exchange is kept beside it: the difference to that is what a task did,
even when it was killed. Only what `returning.TABLE` names comes back.
"""

from __future__ import annotations

import hashlib
import os
import pwd

from pipeline.bootstrap.environment import Environment
from pipeline.bootstrap.messages import Stop
from pipeline.bootstrap.privileges import child_as, child_as_owner, environment_of
from pipeline.bootstrap.sides import Mirror, account_side, source_side

NONSENSE = (EOFError, BrokenPipeError, ValueError, TypeError, LookupError, RecursionError)
"""How an exchange ends when the other side is gone, or says what makes no sense."""


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


def bring_up_to_date(account: pwd.struct_passwd, mirror: Mirror) -> None:
    """Bring home what an earlier task left, then make the mirror what the source is.

    Raises:
        Stop: one of the sides failed, most likely for want of room.
    """
    _exchange(account, mirror, push=True)


def bring_home(account: pwd.struct_passwd, mirror: Mirror) -> None:
    """Bring home what a task made in the mirror, as far as it returns.

    Raises:
        Stop: one of the sides failed.
    """
    _exchange(account, mirror, push=False)


def _exchange(account: pwd.struct_passwd, mirror: Mirror, *, push: bool) -> None:
    from_account, to_source = os.pipe()
    from_source, to_account = os.pipe()

    def account_body() -> int:
        os.close(from_account)
        os.close(to_account)
        try:
            with os.fdopen(from_source, "rb") as source, os.fdopen(to_source, "wb") as out:
                account_side(mirror, source, out, push=push)
        except OSError as error:
            return error.errno or 1
        return 0

    def source_body() -> int:
        try:
            with os.fdopen(from_account, "rb") as source, os.fdopen(to_account, "wb") as out:
                source_side(mirror, source, out, push=push)
        except NONSENSE:
            return 1
        return 0

    child = child_as(account, account_body)
    os.close(to_source)
    os.close(from_source)
    if mirror.source.uid == os.geteuid():
        whole = source_body() == 0
    else:
        other = child_as_owner(mirror.source.uid, mirror.source.gid, source_body)
        os.close(from_account)
        os.close(to_account)
        whole = os.waitstatus_to_exitcode(os.waitpid(other, 0)[1]) == 0
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code != 0 or not whole:
        raise Stop(
            f"the account {account.pw_name} cannot keep a copy of {mirror.source.path}",
            f"{mirror.place}: {os.strerror(code) if code > 0 else 'interrupted'}",
            "fix that (free some space if the disk is full), then run the same command again",
        )
