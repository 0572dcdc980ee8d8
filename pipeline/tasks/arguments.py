"""Options that take several values: `--images a b` as well as `--images a --images b`.

Invoke gives a list option one value each time it is named. Its parser hands on values for as long
as an argument says that it has none yet, so this argument always says so; when the option ends,
the parser takes it for one without a value and sets True, which this argument leaves out.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final

from invoke.exceptions import ParseError
from invoke.parser.argument import Argument
from invoke.tasks import Task

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


class Several(Argument):
    """A list argument that takes values until the next option."""

    @property
    def raw_value(self) -> None:
        """Always none: the parser offers the next value."""

    @raw_value.setter
    def raw_value(self, value: object) -> None:
        """Left out; `value` keeps what was given."""

    def set_value(self, value: Any, cast: bool = True) -> None:
        """Append a value.

        Raises:
            ParseError: it is a misspelt option, or there was none.
        """
        if value is True and not self.value:
            raise ParseError(f"--{self.name} needs a value")
        if str(value).startswith("-"):
            raise ParseError(f"--{self.name} got {value}, which looks like an option")
        if value is not True:
            super().set_value(value, cast)


class TaskWithSeveral(Task[Any]):
    """A task whose list options take several values."""

    def get_arguments(self, ignore_unknown_help: bool | None = None) -> list[Argument]:
        """Invoke's own arguments, the list ones replaced."""
        return [
            Several(names=one.names, kind=list, help=one.help, optional=True)
            if one.kind is list
            else one
            for one in super().get_arguments(ignore_unknown_help)
        ]
