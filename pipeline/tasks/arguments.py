"""Words of a command line that Invoke's parser does not read as we mean them, put in its form."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final

WORDS: Final = "services"
"""The option that `capas` fills with the words after a task's name: `capas stop web worker`.

Invoke knows no positional arguments that may be left out, nor several; plain `invoke` says
`invoke stop --services web worker`.
"""


HELP: Final = "--help"
_ASKS = frozenset({HELP, "-h"})


def help_alone(
    tokens: Sequence[str], tasks: Collection[str], positionals: Callable[[str], int]
) -> list[str]:
    """The command line; only the task and `--help` where that is asked after the task's name.

    A positional argument and a list option would take the word for a value.

    Args:
        tokens: the command line.
        tasks: the names of all tasks.
        positionals: how many positional arguments a task needs; they get a stand-in.
    """
    own = tokens[: tokens.index("--")] if "--" in tokens else tokens
    if not own or own[0] not in tasks or not _ASKS.intersection(own[1:]):
        return list(tokens)
    return [own[0], *["_"] * positionals(own[0]), HELP]


def words_as_option(tokens: Sequence[str], options: Mapping[str, str]) -> list[str]:
    """The command line with the words after a task's name given to its option."""
    if len(tokens) > 1 and tokens[0] in options and not tokens[1].startswith("-"):
        return [tokens[0], f"--{options[tokens[0]]}", *tokens[1:]]
    return list(tokens)
