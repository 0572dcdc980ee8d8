"""Symbolic links followed inside a root of their own: a build context, or an image."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable

LINKS_FOLLOWED = 40
"""On one way, by the kernel (path_resolution(7), MAXSYMLINKS), which Buildah asks in a context."""

Target = Callable[[str], "str | None"]
"""What a link at a place says; None for what is no link."""


def follow(
    path: str, target_of: Target, through: Callable[[str, str | None], object] = lambda *_: None
) -> str:
    """Where a path leads to; it need not be there.

    An absolute link begins at the root again, and nothing leads above it.

    Args:
        path: relative to the root, with slashes; so are all places.
        through: told each place on the way, and what a link there says.

    Raises:
        OSError: there are more links than the kernel would follow.
    """
    here: list[str] = []
    left = [part for part in reversed(path.split("/")) if part]
    followed = 0
    while left:
        part = left.pop()
        if part in {".", ".."}:
            here = here[:-1] if part == ".." else here
            continue
        place = "/".join([*here, part])
        target = target_of(place)
        through(place, target)
        if target is None:
            here.append(part)
            continue
        followed += 1
        if followed > LINKS_FOLLOWED:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
        here = [] if target.startswith("/") else here
        left += [one for one in reversed(target.split("/")) if one]
    return "/".join(here)


def target_on_disk(root: str | os.PathLike[str]) -> Target:
    """What links below a folder of this machine say."""
    folder = os.fspath(root)

    def target_of(place: str) -> str | None:
        try:
            return os.readlink(f"{folder}/{place}")  # noqa: PTH115 (a Path for each costs more)
        except (OSError, ValueError):
            return None

    return target_of
