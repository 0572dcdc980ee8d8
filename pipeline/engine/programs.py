"""Where programs are, as `shutil.which` says it: its import costs a command 1.5 to 3.6 ms."""

from __future__ import annotations

import os


def find_program(name: str, path: str | None = None) -> str | None:
    """The first file of that name on a search path that can be run; None for none.

    Args:
        name: without a folder.
        path: folders with a colon between them; default: PATH.
    """
    folders = os.environ.get("PATH", os.defpath) if path is None else path
    for folder in folders.split(os.pathsep):
        found = os.path.join(folder, name)  # noqa: PTH118 (as the user's PATH spells it)
        if os.access(found, os.X_OK) and not os.path.isdir(found):  # noqa: PTH112
            return found
    return None
