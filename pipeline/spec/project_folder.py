"""What lies in the project folder, and the one problem of everything that does not."""

from __future__ import annotations

from pathlib import Path

from pipeline.spec.problem import KeyPath, Problem

WORD = "allow_outside_project"
"""The key that lets a path lie elsewhere."""


def lies_in(root: Path, path: Path) -> bool:
    """Whether a path lies in the project folder, symbolic links followed."""
    try:
        real = path.resolve()
        if real.is_symlink():  # a circle of links, from 3.13 on
            return False
        return real.is_relative_to(root.resolve())
    except (OSError, RuntimeError, ValueError):  # a circle of links; RuntimeError before 3.13
        return False


def outside(what: str, path: Path, where: KeyPath, hint: str = "") -> Problem:
    """The problem of a path that leaves the project folder.

    Args:
        what: it is, in words.
        where: it stands in the document.
        hint: what to do instead of saying the word.
    """
    message = f"the {what} {path} lies outside the project folder"
    try:
        real = path.resolve()
    except (OSError, RuntimeError):  # as above
        real = path
    if real != path:
        message += f": it is {real}"
    return Problem("CAP121", where, message, hint or f"move it, or set `{WORD} = true`")
