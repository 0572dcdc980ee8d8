"""The Python environment `.venv` of a checkout as root and users look at it: is it ready?"""

from __future__ import annotations

import os
import pwd
from collections.abc import Mapping
from typing import NamedTuple


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
    """Whether the level was set up to its end, for this folder and this pyproject.toml."""
    stamp = f"{environment.folder}/.venv/ready-{level}"
    try:
        if (
            os.stat(stamp).st_mtime_ns
            <= os.stat(f"{environment.folder}/pyproject.toml").st_mtime_ns
        ):
            return False
        with open(stamp, encoding="utf-8", errors="surrogateescape") as file:
            place = file.readline().rstrip("\n")
    except OSError:
        return False
    return place == environment.folder and os.access(environment.python, os.X_OK)
