"""The Python environment `.venv` of a checkout as root and users look at it: is it ready?"""

from __future__ import annotations

import os
import pwd
from collections.abc import Mapping
from typing import NamedTuple

from pipeline.bootstrap.privileges import child_as
from pipeline.bootstrap.safe_files import open_regular

_LONGEST = 10_000
"""Bytes of a stamp: a path and a line break."""


class Environment(NamedTuple):
    """Whose environment it is and where.

    Attributes:
        folder: the checkout, or its mirror.
        account: who runs it; None for ourselves.
        environ: what its tools run with.
    """

    folder: str
    account: pwd.struct_passwd | None
    environ: Mapping[str, str]

    @property
    def python(self) -> str:
        """Its interpreter."""
        return f"{self.folder}/.venv/bin/python"


def is_ready(environment: Environment, level: str) -> bool:
    """Whether the level was set up to its end, for this folder and this pyproject.toml.

    An account's environment is looked at with the account's rights: it may have put anything there.
    """
    if environment.account is None or os.geteuid() != 0:
        return _is_ready(environment, level)
    child = child_as(environment.account, lambda: not _is_ready(environment, level))
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def _is_ready(environment: Environment, level: str) -> bool:
    stamp = f"{environment.folder}/.venv/ready-{level}"
    try:
        with open_regular(stamp, limit=_LONGEST) as file:
            renewed = os.stat(f"{environment.folder}/pyproject.toml").st_mtime_ns
            if os.fstat(file.fileno()).st_mtime_ns <= renewed:
                return False
            place = os.fsdecode(file.readline().rstrip(b"\n"))
    except OSError:
        return False
    return place == environment.folder and os.access(environment.python, os.X_OK)
