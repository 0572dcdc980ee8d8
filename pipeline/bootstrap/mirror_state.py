"""What a mirror was after the last exchange, kept beside it; trees as the other side tells them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from pipeline.bootstrap.safe_files import read_text, write_whole
from pipeline.bootstrap.tree import Tree, TreeEntry

_LONGEST = 1 << 28


class Last(NamedTuple):
    """What the mirror was after the last exchange.

    Attributes:
        tree: its entries, without git's own, as the source gave them or took them.
        git: what git's tell-tale files were in the source.
        own: what a task made or changed and that stays.
    """

    tree: Tree
    git: str
    own: Tree


def last_of(place: str) -> Last | None:
    """What is known of a mirror; None when that is nothing, or cannot be read."""
    try:
        told = json.loads(read_text(f"{place}.json", limit=_LONGEST))
        return Last(tree_told(told["tree"]), str(told["git"]), tree_told(told.get("own", {})))
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return None


def remember(place: str, last: Last) -> None:
    """Keep it."""
    told = json.dumps(last._asdict(), separators=(",", ":")).encode()
    write_whole(f"{place}.json", told)


def entry_told(told: Any) -> TreeEntry:
    """An entry as the other side tells it.

    Raises:
        ValueError, TypeError: it is none.
    """
    entry = TreeEntry(*told)
    numbers = (entry.mode, entry.size, entry.mtime)
    if not all(isinstance(number, int) for number in numbers) or entry.size < 0:
        raise ValueError(told)
    if entry.kind not in {"f", "d", "l"} or not isinstance(entry.target, str):
        raise ValueError(told)
    return entry


def tree_told(told: Mapping[str, Any]) -> Tree:
    """A tree as the other side tells it.

    Raises:
        ValueError, TypeError: it is none.
    """
    return {path: entry_told(entry) for path, entry in told.items()}
