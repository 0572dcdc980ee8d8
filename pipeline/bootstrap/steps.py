"""The steps of the set-up as values: each says what it does, and `apply` does no more than that."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from pipeline.bootstrap import account as accounts
from pipeline.bootstrap.install import install
from pipeline.bootstrap.messages import UNABLE, Stop, print_message
from pipeline.bootstrap.packages import Manager, install_argv
from pipeline.bootstrap.privileges import runtime_folder
from pipeline.bootstrap.tools import run_tool


class InstallPackages(NamedTuple):
    """Install packages with the distribution's own package manager."""

    manager: Manager
    packages: tuple[str, ...]
    prefix: tuple[str, ...] = ()

    def __str__(self) -> str:
        return " ".join([*self.prefix, *install_argv(self.manager, self.packages)])

    def apply(self) -> None:
        """Do it."""
        count = len(self.packages)
        what = f"{count} packages" if count > 1 else "a package"
        print_message(f"    {self.manager.name} installs {what} and what is needed for that")
        install(self.manager, self.packages, prefix=self.prefix)


class MakeAccount(NamedTuple):
    """Make the account that runs everything."""

    name: str

    def __str__(self) -> str:
        return f"make the account {self.name}, without a password: containers here are never root's"

    def apply(self) -> None:
        """Do it."""
        comment, shell = accounts.COMMENT, "/bin/sh"
        # Its subordinate ids are a step of their own, which looks at what is given away already.
        no_ids = ["-K", "SUB_UID_COUNT=0", "-K", "SUB_GID_COUNT=0"]
        _must(
            [
                ["useradd", *no_ids, "-m", "-s", shell, "-c", comment, self.name],
                ["adduser", "-D", "-s", shell, "-g", comment, self.name],  # busybox
            ],
            f"the account {self.name} could not be made",
        )
        made = accounts.find(self.name)
        if made is not None:
            os.chmod(made.pw_dir, 0o711)  # a neighbour may run the checkout's copy, not look around


class GiveIds(NamedTuple):
    """Give the account subordinate ids of one kind: `uids` or `gids`."""

    name: str
    kind: str
    first: int

    def __str__(self) -> str:
        return f"give {self.name} the subordinate {self.kind} {self._range}"

    def apply(self) -> None:
        """Do it."""
        brief = f"{self.name} could not be given subordinate {self.kind}"
        with open(f"/etc/sub{self.kind[:-1]}", "a", encoding="utf-8"):
            pass  # usermod adds only to a file that is there
        _must([["usermod", f"--add-sub{self.kind}={self._range}", self.name]], brief)

    @property
    def _range(self) -> str:
        return f"{self.first}-{self.first + accounts.IDS - 1}"


class MakeRuntimeFolder(NamedTuple):
    """Make the account's runtime folder, as a login would."""

    name: str

    def __str__(self) -> str:
        return f"make the runtime folder of {self.name} (XDG_RUNTIME_DIR)"

    def apply(self) -> None:
        """Do it."""
        account = accounts.find(self.name)
        if account is None:
            raise Stop(f"the account {self.name} does not exist")
        path = runtime_folder(account.pw_uid)
        os.makedirs(os.path.dirname(path), mode=0o755, exist_ok=True)
        os.makedirs(path, mode=0o700, exist_ok=True)
        os.chown(path, account.pw_uid, account.pw_gid)


class OpenDevice(NamedTuple):
    """Open a device file to all users, as every distribution has it."""

    path: str

    def __str__(self) -> str:
        return f"open {self.path} to all users, as distributions have it: rootless networks need it"

    def apply(self) -> None:
        """Do it."""
        os.chmod(self.path, 0o666)


LASTING = (InstallPackages, MakeAccount, GiveIds)
"""Steps that outlast a restart of the machine: worth a question where somebody can answer."""

Step = InstallPackages | MakeAccount | GiveIds | MakeRuntimeFolder | OpenDevice


def plan_accounts(lacking: Mapping[str, accounts.Lacks]) -> list[Step]:
    """The steps that make the accounts ready, each with a range of ids of its own."""
    steps: list[Step] = []
    given = {"uids": 0, "gids": 0}
    for name, lacks in lacking.items():
        if lacks.account:
            steps.append(MakeAccount(name))
        for kind, first in (("uids", lacks.subuid), ("gids", lacks.subgid)):
            if first is not None:
                steps.append(GiveIds(name, kind, first + given[kind]))
                given[kind] += accounts.IDS
        if lacks.runtime:
            steps.append(MakeRuntimeFolder(name))
    return steps


def _must(choices: Sequence[Sequence[str]], brief: str) -> None:
    """Run the first of several equal tools that is installed.

    Raises:
        Stop: it failed, or none is installed.
    """
    for argv in choices:
        said = run_tool(argv)
        if said.code == 127:
            continue
        if said.code != 0:
            raise Stop(brief, f"{' '.join(argv)}\n{said.last()}")
        return
    tools = " or ".join(argv[0] for argv in choices)
    raise Stop(brief, f"there is no {tools} here", code=UNABLE)
