"""The installed program `capas`: Invoke's, with the contract's exit codes for bad usage.

Invoke answers 1 for an unknown task or option; ours answers 2, and proposes what was meant.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

from invoke.collection import Collection
from invoke.exceptions import Exit, ParseError
from invoke.parser.context import ParserContext
from invoke.program import Program

from pipeline import __version__
from pipeline.tasks.arguments import WORDS, help_alone, words_as_option

if TYPE_CHECKING:
    from pipeline.errors import UsageError

_UNUSED = {
    "command-timeout": "`timeout 60 capas TASK` ends a task after 60 seconds",
    "config": "capas reads no configuration of Invoke",
    "debug": "",
    "dry": "`capas deploy --dry-run` and `capas plan` show what would be done, and do nothing",
    "echo": "the log of a build, and the lines of a plan, say what is done",
    "hide": "",
    "prompt-for-sudo-password": "no task uses sudo",
    "pty": "",
    "warn-only": "",
    "write-pyc": "",
}
"""Invoke's options about commands that Invoke runs, and what helps instead: our tasks run none by
it, so the options would promise what they do not do."""


class CapasProgram(Program):
    """Invoke's program over our tasks, with usage errors told like all our errors."""

    def __init__(self, namespace: Collection) -> None:
        # No place of a project is named: its `invoke.yaml` and `invoke.py` are a stranger's.
        super().__init__(
            name="capas",
            binary="capas",
            binary_names=["capas"],
            namespace=namespace,
            version=__version__,
        )

    def parse_core(self, argv: list[str] | None) -> None:
        """Read the options that come before any task."""
        with self._usage_errors():
            super().parse_core(argv)

    @property
    def initial_context(self) -> ParserContext:
        """The options before a task, the unused ones left out of the help."""
        made: ParserContext = super().initial_context
        told = [one for one in made.help_tuples() if not _is_unused(one[0])]
        vars(made)["help_tuples"] = lambda: told
        return made

    def parse_core_args(self) -> None:
        """Read them, and answer `--print-completion-script`: Invoke's own calls `__main__.py`."""
        super().parse_core_args()
        for name, instead in _UNUSED.items():
            if self.args[name].got_value and self.args[name].value:
                from pipeline.tasks.parse_errors import no_such_option

                self._refuse(no_such_option(f"--{name}", instead))
        if shell := self.args["print-completion-script"].value:
            from pipeline.tasks.completion import SHELLS, called_as, script

            if shell not in SHELLS:
                raise ParseError(f"no completion for the shell {shell!r}: {', '.join(SHELLS)}")
            sys.stdout.write(script(shell, called_as()))
            raise Exit

    def parse_tasks(self) -> None:
        """Read the tasks and their options."""
        whole = self.collection
        with self._usage_errors():
            words = help_alone(self.core.unparsed, whole.task_names, self._positionals)
            self.core.unparsed = words_as_option(words, self._word_options())
            self.collection = _only_named(whole, self.core.unparsed)
            try:
                super().parse_tasks()
            finally:
                self.collection = whole

    def parse_cleanup(self) -> None:
        """Answer `--help` and `--list`."""
        with self._usage_errors():
            super().parse_cleanup()

    def _positionals(self, task: str) -> int:
        return sum(bool(one.positional) for one in self.collection[task].get_arguments())

    def _word_options(self) -> dict[str, str]:
        """By task: the option that takes the words after the task's name."""
        tasks = self.collection.tasks if self.collection else {}
        return {name: WORDS for name, task in tasks.items() if WORDS in task.iterable}

    @contextmanager
    def _usage_errors(self) -> Iterator[None]:
        try:
            yield
        except (ParseError, ValueError) as error:
            from pipeline.tasks.parse_errors import usage_error

            self._refuse(
                usage_error(error, list(self.namespace.task_names) if self.namespace else [])
            )

    def _refuse(self, told: UsageError) -> NoReturn:
        from pipeline.output.terminal import print_error

        print_error(told.brief, told.details, told.resolution)
        raise Exit(code=told.exit_code) from None


def _is_unused(flags: str) -> bool:
    """Whether a line of the help is about an unused option: `-R, --dry`, `--hide=STRING`."""
    return flags.rpartition("--")[2].partition("=")[0].rstrip("]").rstrip("[") in _UNUSED


def _only_named(whole: Collection, words: Sequence[str]) -> Collection:
    """The tasks that a command line may name: Invoke's parser copies all that it is given."""
    named = whole.task_names.keys() & set(words)
    if not named or not named <= whole.tasks.keys():
        return whole
    return Collection(**{name: whole.tasks[name] for name in named})
