"""Options that take several values: `--images a b` as well as `--images a --images b`.

Invoke gives a list option one value each time it is named. Its parser hands on values for as long
as an argument says that it has none yet, so this argument always says so; when the option ends,
the parser takes it for one without a value and sets True, which this argument leaves out.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
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


def help_alone(tokens: Sequence[str], greedy: Collection[str]) -> list[str]:
    """The command line; only the task and `--help` where a list option would take that word.

    Args:
        greedy: tasks with options that take several values.
    """
    own = tokens[: tokens.index("--")] if "--" in tokens else tokens
    return [own[0], HELP] if HELP in own[1:] and own[0] in greedy else list(tokens)


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
