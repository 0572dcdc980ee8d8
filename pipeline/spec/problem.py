"""A problem at a key of the document: a finding before its line and column are known."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pipeline.lean_dataclasses import dataclass

KeyPath = tuple[str | int, ...]
"""The way to a value in a document: `("services", "web", "ports", 0)`."""


MOST = 500
"""Problems that are told of one spec: a flood of them says no more than its beginning."""
_MOST_NAMES = 500
"""Names among which the nearest is looked for."""


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong in a spec.

    Attributes:
        rule: its id in `pipeline.spec.rules`.
        path: the way to the value, or to the key when `on_key`.
        message: one sentence that names what is wrong.
        hint: what to do now.
        on_key: the key is wrong, not its value.
    """

    rule: str
    path: KeyPath
    message: str
    hint: str = ""
    on_key: bool = False


class BadForm(Exception):
    """A text that does not have the form it should have.

    Args:
        message: continues the sentence "`text` …": "is not a port".
        hint: what to do now.
        key: the key of a table that is to blame, when it is not the table as a whole.
    """

    def __init__(self, message: str, hint: str = "", *, key: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.key = key


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A hint that names the known word nearest to `word`, or an empty text."""
    from difflib import get_close_matches  # noqa: PLC0415 (paid only when something is wrong)

    names = sorted(known)[:_MOST_NAMES]
    folded = {name.casefold(): name for name in names}
    near = get_close_matches(word.casefold(), folded, n=1, cutoff=0.6)
    return f"did you mean `{folded[near[0]]}`?" if near else ""


def one_of(known: Iterable[str]) -> str:
    """The known words as a hint, or an empty text when there are none or too many."""
    names = sorted(known)
    return f"there is {', '.join(f'`{name}`' for name in names)}" if 0 < len(names) <= 8 else ""


def suggestion(word: str, known: Iterable[str]) -> str:
    """The nearest known word, else all of them when they are few."""
    names = list(known)
    return did_you_mean(word, names) or one_of(names)


def near_file(path: Path) -> str:
    """A hint to a neighbour in the same folder that is called nearly the same."""
    try:
        names = [neighbour.name for neighbour in path.parent.iterdir()]
    except OSError:
        return ""
    return did_you_mean(path.name, names)
