"""What every task has in common: its errors become text and an exit code, here and nowhere else."""

from __future__ import annotations

import errno
import functools
import inspect
import os
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, ParamSpec, TypeVar, cast

from invoke.exceptions import Exit
from invoke.tasks import Task, task

from pipeline.errors import INTERRUPTED, CapasError, InvalidSpec, UsageError
from pipeline.tasks.arguments import TaskWithSeveral

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.host.profile import Profile
    from pipeline.spec.model import Pipeline

P = ParamSpec("P")
Choice = TypeVar("Choice", bound=str)

_FULL = (errno.ENOSPC, errno.EDQUOT)

SPEC_HELP = "the spec: a file; default CAPAS_SPEC, else the only file in specs/"


def command(
    *,
    help: Mapping[str, str] | None = None,  # noqa: A002 (Invoke's own word)
    positional: Sequence[str] = (),
    iterable: Sequence[str] = (),
    optional: Sequence[str] = (),
    name: str | None = None,
) -> Callable[[Callable[P, int | None]], Task[Callable[P, None]]]:
    """Make an Invoke task of a function that returns its exit code, or None for 0.

    Whatever goes wrong inside is told on standard error without a traceback, and ends the
    program with the exit code of the contract.
    """

    def decorate(body: Callable[P, int | None]) -> Task[Callable[P, None]]:
        @functools.wraps(body)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> None:
            def run() -> int | None:
                _refuse_unused(args[0])
                _refuse_missing(name or body.__name__, body, kwargs)
                return body(*args, **kwargs)

            code = exit_code_of(run)
            if code:
                raise Exit(code=code)

        made = task(
            guarded,
            name=name,
            klass=TaskWithSeveral,
            help=dict(help or {}),
            positional=list(positional),
            iterable=list(iterable),
            optional=list(optional),
            auto_shortflags=False,
        )
        return cast("Task[Callable[P, None]]", made)

    return decorate


def _refuse_unused(context: object) -> None:
    """Refuse what `invoke --dry TASK` and the like ask: our tasks run no command through Invoke.

    Raises:
        UsageError: they would do all the same.
    """
    config = getattr(context, "config", None)
    if config is None:
        return
    given = {"--dry": config.run.dry, "--warn-only": config.run.warn}
    given["--command-timeout"] = config.timeouts.command
    for option, value in given.items():
        if value:
            raise UsageError(
                f"invoke's option {option} does nothing here",
                resolution="leave it out; `invoke deploy --dry-run` says what would be done",
            )


def _refuse_missing(
    task_name: str, body: Callable[..., int | None], given: Mapping[str, object]
) -> None:
    """Refuse to run without an option that has no default: Invoke hands on None for it.

    Raises:
        UsageError: it was not given.
    """
    for option, parameter in inspect.signature(body).parameters.items():
        if parameter.default is parameter.empty and given.get(option, "") is None:
            shown = option.strip("_").replace("_", "-")
            raise UsageError(
                f"--{shown} is needed",
                resolution=f"`capas --help {task_name}` shows its options",
            )


def exit_code_of(body: Callable[[], int | None]) -> int:
    """Run `body`, tell what goes wrong, and return the exit code of the contract."""
    from pipeline.output.encoding import say_all_plainly
    from pipeline.output.output_filter import guard_outputs
    from pipeline.output.terminal import print_error, print_findings, print_interrupted
    from pipeline.tasks.program import end_like_ctrl_c

    guard_outputs()
    say_all_plainly()
    end_like_ctrl_c()
    try:
        code = body() or 0
        sys.stdout.flush()
        return code
    except InvalidSpec as error:
        print_findings(error.findings)
        return error.exit_code
    except CapasError as error:
        print_error(error.brief, error.details, error.remedy)
        return error.exit_code
    except KeyboardInterrupt:
        print_interrupted()
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of our output went away (`capas report | head`): nothing is left to tell.
        _leave_output()
    except Exception as error:  # noqa: BLE001 (the last net: a defect of ours, told as one)
        _leave_output()
        print_error(*_unforeseen(error))
    return 1


def _unforeseen(error: Exception) -> tuple[str, str, str]:
    """What is printed for an error that no package made its own."""
    if isinstance(error, OSError) and error.errno in _FULL:
        return "the disk is full", str(error), "free some space and run the command again"
    return (
        f"capas itself failed: {type(error).__name__}: {error}",
        _where(error),
        "this is a defect of capas: please report it with the line above",
    )


def _leave_output() -> None:
    """Let what waits for standard output be lost: Python would try again, and end with a trace."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def print_failures(errors: Mapping[str, Exception]) -> int:
    """Tell what failed of work side by side, and return the exit code: the highest of theirs."""

    def told(error: Exception) -> int:
        def fail() -> None:
            raise error

        return exit_code_of(fail)

    return max(map(told, errors.values()), default=0)


def load_pipeline(spec: str | None) -> Pipeline:
    """The pipeline that `--spec`, CAPAS_SPEC or the folder names, checked."""
    from pipeline.spec.load import load

    return load(spec_path(spec), os.environ)


def spec_path(spec: str | None) -> Path:
    """Which spec is meant."""
    from pathlib import Path

    from pipeline.spec.discover import discover

    return discover(spec, Path.cwd(), os.environ)


def host_profile() -> Profile:
    """The engine settings that fit this host."""
    from pipeline.engine.cache import close_ours
    from pipeline.host.profile import effective_profile

    close_ours(os.environ)
    return effective_profile(os.environ)


def whole_number(value: str | int, option: str, *, minimum: int = 0) -> int:
    """The number that an option was given.

    Options take text and this function reads it: a default of type int would let Invoke itself
    meet a wrong value, which ends in a traceback.

    Raises:
        UsageError: it is no whole number, or below `minimum`.
    """
    if not str(value).isdecimal() or int(value) < minimum:
        raise UsageError(
            f"{option} takes a whole number of at least {minimum}", details=f"given: {value!r}"
        )
    return int(value)


def one_of(value: str, option: str, choices: Sequence[Choice]) -> Choice:
    """The choice that an option was given.

    Raises:
        UsageError: it is none of `choices`.
    """
    for choice in choices:
        if choice == value:
            return choice
    raise UsageError(
        f"{option} does not know {value!r}", resolution=f"one of: {', '.join(choices)}"
    )


def confirmed(consequence: str, name: str) -> None:
    """Ask for the name of what is about to be lost.

    Raises:
        Refused: another answer was given, or nobody can answer.
    """
    from pipeline.errors import Refused

    if not sys.stdin.isatty():
        raise Refused(consequence, resolution="pass --yes to confirm")
    sys.stderr.write(f"{consequence}\nType its name ({name}) to go on: ")
    sys.stderr.flush()
    if sys.stdin.readline().strip() != name:
        raise Refused(f"{name} was not confirmed; nothing was done")


def _where(error: BaseException) -> str:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{frame.filename}:{frame.lineno} in {frame.name}"


def say(line: str = "") -> None:
    """One line of a result, to standard output."""
    sys.stdout.write(f"{line}\n")
