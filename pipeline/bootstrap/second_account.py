"""A second account for tests that act as two: a server that the first one asks.

The second account itself listens on a socket that only the first may open, and runs what it is
asked to; root starts it and ends it, and runs nothing of what is asked. Beside the socket, seen by
nobody else, it has a small disk to fill (not on a host of its own, see `through`).
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from pipeline.bootstrap import account as accounts
from pipeline.bootstrap import account_server
from pipeline.bootstrap.messages import Stop
from pipeline.bootstrap.privileges import child, drop_to, environment_of
from pipeline.bootstrap.terminal import leave_terminal
from pipeline.bootstrap.venv import find_python

_SMALL_DISK = "48m"
_NEW_MOUNTS = 0x20000
"""CLONE_NEWNS of unshare(2)."""


@contextmanager
def second_account_server(
    first: pwd.struct_passwd, name: str, through: Sequence[str] = ()
) -> Iterator[str]:
    """The address of the second account's server; it ends with the block.

    Args:
        through: a command of root's that is given the account's name and another command, prepares
            a host of its own for it, and becomes that command there as the account.

    Raises:
        Stop: the account does not exist, or no Python that it can run.
    """
    second = accounts.find(name)
    python = find_python(second)
    if second is None or python is None:
        raise Stop(f"the account {name} cannot be used")
    with open(account_server.__file__, encoding="utf-8") as file:
        code = file.read()  # handed over as text: the checkout may be closed to the account
    # Root's own folder: what root mounts and removes in it is what root made.
    folder = tempfile.mkdtemp(prefix="capas-account-", dir="/run")
    os.chmod(folder, 0o755)
    of_the_second, small = f"{folder}/of-the-second", f"{folder}/small"
    os.mkdir(small)
    os.mkdir(of_the_second)
    os.chown(of_the_second, second.pw_uid, first.pw_gid)
    os.chmod(of_the_second, 0o2750)
    address = f"{of_the_second}/socket"
    argv = [python, "-IS", "-c", code, address, str(first.pw_uid)]

    words = [*through, second.pw_name, *argv] if through else argv

    def body() -> int:
        if not through:
            _mount_small_disk(small, second)
            drop_to(second)
        os.chdir(second.pw_dir)
        os.setsid()
        leave_terminal()
        os.execve(words[0], words, environment_of(second, {}))  # noqa: S606 (argv, no shell)

    keeper = child(body)
    try:
        yield address
    finally:
        with suppress(ProcessLookupError):
            os.kill(keeper, signal.SIGTERM)
        os.waitpid(keeper, 0)
        shutil.rmtree(folder)


def _mount_small_disk(folder: str, account: pwd.struct_passwd) -> None:
    """Mount one that this process and its children alone see; it goes with the last of them."""
    from ctypes import CDLL  # os.unshare is new in Python 3.12

    if CDLL(None).unshare(_NEW_MOUNTS):
        return  # the test that needs it says so
    options = f"size={_SMALL_DISK},mode=0700,uid={account.pw_uid},gid={account.pw_gid}"
    for argv in (
        ["mount", "--make-rprivate", "/"],
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder],
    ):
        subprocess.run(argv, check=False)
