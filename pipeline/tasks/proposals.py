"""What a shell is told that can stand next, for lines that `tasks.dispatch` reads.

As for commands, it is what Invoke would say, which answers for all other lines: 15 ms of processor
time instead of 55, each time somebody presses Tab.
"""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.tasks import COMMANDS, command_named
from pipeline.tasks.dispatch import read_line

_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._=/:")
"""Signs that mean the same to a shell and to Invoke, which splits the line anew."""


def proposals(words: Sequence[str]) -> list[str] | None:
    """The commands or options that may stand next; None for a line of Invoke's.

    Args:
        words: after the program's name: `--complete`, `--`, `capas`, and what was typed.
    """
    if list(words[:3]) != ["--complete", "--", "capas"] or not _PLAIN.issuperset("".join(words)):
        return None
    typed = [word for word in words[3:] if word]
    if not typed or not typed[-1].startswith("-"):
        return sorted(COMMANDS, key=lambda name: ("." in name, name))
    *before, last = typed
    if not last.startswith("--") or not before or before[0] not in COMMANDS:
        return None
    given = read_line(before, COMMANDS, command_named)
    asked = command_named(before[0])
    if given is None or any(given[name] for name in asked.iterable):
        return None
    flags = sorted(f"--{name.strip('_').replace('_', '-')}" for name in asked.options)
    flags += [f"--no-{n.replace('_', '-')}" for n, value in asked.options.items() if value is True]
    return None if last in flags or "=" in last else flags
