"""The commands as a collection of Invoke, for `invoke TASK`, help, lists and completion.

Options that take several values (`--images a b` as well as `--images a --images b`): Invoke gives a
list option one value each time it is named. Its parser hands on values for as long as an argument
says that it has none yet, so `Several` always says so; when the option ends, the parser takes it
for one without a value and sets True, which `Several` leaves out.
"""

from __future__ import annotations

import inspect
from typing import Any, cast

from invoke.collection import Collection
from invoke.context import Context
from invoke.exceptions import Exit, ParseError
from invoke.parser.argument import Argument
from invoke.tasks import Task, task

from pipeline.errors import UsageError
from pipeline.tasks import COMMANDS, command_named
from pipeline.tasks.command import Command, exit_code_of


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
        """Invoke's own arguments, the list ones replaced.

        Invoke takes the words of each option out of `help` when it is asked for the first time.
        """
        words = dict(self.help)
        found = super().get_arguments(ignore_unknown_help)
        self.help = words
        return [
            Several(names=one.names, kind=list, help=one.help, optional=True)
            if one.kind is list
            else one
            for one in found
        ]


def as_task(command: Command) -> Task[Any]:
    """The Invoke task of a command."""

    def run(context: Context, **given: Any) -> None:
        if code := exit_code_of(lambda: _refuse_unused(context)) or command.run(given):
            raise Exit(code=code)

    own = inspect.signature(command.body).parameters.values()
    first = inspect.Parameter("context", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    vars(run)["__signature__"] = inspect.Signature([first, *own])
    run.__doc__ = command.body.__doc__
    made = task(
        run,
        name=command.name,
        klass=TaskWithSeveral,
        help=dict(command.help),
        positional=list(command.positional),
        iterable=list(command.iterable),
        auto_shortflags=False,
    )
    return cast("Task[Any]", made)


def _refuse_unused(context: Context) -> None:
    """Refuse what `invoke --dry TASK` and the like ask: our tasks run no command through Invoke.

    Raises:
        UsageError: they would do all the same.
    """
    config = context.config
    given = {"--dry": config.run.dry, "--warn-only": config.run.warn}
    given["--command-timeout"] = config.timeouts.command
    for option, value in given.items():
        if value:
            raise UsageError(
                f"invoke's option {option} does nothing here",
                resolution="leave it out; `invoke deploy --dry-run` says what would be done",
            )


def _collected() -> Collection:
    whole, groups = Collection(), dict[str, Collection]()
    for path in COMMANDS:
        group, _, name = path.rpartition(".")
        into = groups.setdefault(group, Collection(group)) if group else whole
        into.add_task(as_task(command_named(path)), name=name)
    for inner in groups.values():
        whole.add_collection(inner)
    return whole


namespace = _collected()
