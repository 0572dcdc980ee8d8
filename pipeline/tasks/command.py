"""What every task has in common: its errors become text and an exit code, here and nowhere else."""

from __future__ import annotations

import errno
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

from pipeline.errors import INTERRUPTED, CapasError, InvalidSpec, UsageError

if TYPE_CHECKING:
    from pathlib import Path
    from types import FrameType

    from pipeline.host.profile import Profile
    from pipeline.spec.model import Pipeline

Body = Callable[..., "int | None"]
Choice = TypeVar("Choice", bound=str)

_FULL = (errno.ENOSPC, errno.EDQUOT)

SPEC_HELP = "the spec: a file; default CAPAS_SPEC, else the only file in specs/"


class Command:
    """What a command line can ask for: a function of options, that returns its exit code or None.

    `tasks.dispatch` reads a command line for it, and `tasks.collection` makes an Invoke task of it.

    Attributes:
        help: what each option is for.
        positional: the options that may be given without their names, in this order.
        iterable: those that take several values.
        options: the default of each option; `NEEDED` for none.
    """

    NEEDED = object()

    def __init__(
        self,
        body: Body,
        name: str | None,
        help: Mapping[str, str],  # noqa: A002 (Invoke's own word)
        positional: Sequence[str],
        iterable: Sequence[str],
    ) -> None:
        self.body = body
        self.name = name or body.__name__
        self.help = help
        self.positional = positional
        self.iterable = iterable
        code, late = body.__code__, body.__kwdefaults__ or {}
        names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
        early = body.__defaults__ or ()
        without = [self.NEEDED] * (code.co_argcount - len(early))
        # `inspect.signature` says the same; its import takes 4 ms.
        self.options = {name: late.get(name, self.NEEDED) for name in names} | dict(
            zip(names, [*without, *early], strict=False)
        )

    def run(self, given: Mapping[str, object]) -> int:
        """Run it with a value for each option, tell what goes wrong, and return the exit code."""

        def run() -> int | None:
            _refuse_missing(self, given)
            return self.body(**given)

        return exit_code_of(run)


def command(
    *,
    help: Mapping[str, str] | None = None,  # noqa: A002 (Invoke's own word)
    positional: Sequence[str] = (),
    iterable: Sequence[str] = (),
    name: str | None = None,
) -> Callable[[Body], Command]:
    """Make a command of a function.

    Whatever goes wrong inside is told on standard error without a traceback, and ends the
    program with the exit code of the contract.
    """
    return lambda body: Command(body, name, help or {}, positional, iterable)


def _refuse_missing(asked: Command, given: Mapping[str, object]) -> None:
    """Refuse to run without an option that has no default: None is handed on for it.

    Raises:
        UsageError: it was not given.
    """
    for option, default in asked.options.items():
        if default is asked.NEEDED and given.get(option, "") is None:
            shown = option.strip("_").replace("_", "-")
            raise UsageError(
                f"--{shown} is needed",
                resolution=f"`capas --help {asked.name}` shows its options",
            )


def exit_code_of(body: Callable[[], int | None]) -> int:
    """Run `body`, tell what goes wrong, and return the exit code of the contract."""
    from pipeline.output.encoding import say_all_plainly
    from pipeline.output.output_filter import guard_outputs
    from pipeline.output.terminal import print_error, print_findings, print_interrupted

    guard_outputs()
    say_all_plainly()
    _end_like_ctrl_c()
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


def _end_like_ctrl_c() -> None:
    """Let SIGTERM and SIGHUP end the program as Ctrl-C does: cleaning up on the way.

    What other threads ask of the API service is broken off soon, if it does not end.
    """

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        if asking := sys.modules.get("pipeline.engine.requests"):
            asking.interrupt()
        raise KeyboardInterrupt

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # nohup ignores SIGHUP, and a shell SIGINT of what it runs in the background: so do we then.
        if signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
            signal.signal(number, interrupt)


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
        UsageError: it is not one of `choices`.
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
    import traceback

    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{frame.filename}:{frame.lineno} in {frame.name}"


def say(line: str = "") -> None:
    """One line of a result, to standard output."""
    sys.stdout.write(f"{line}\n")
