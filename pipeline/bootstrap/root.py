"""Root's way: everything runs as an unprivileged account, on a mirror of the checkout."""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

from pipeline.bootstrap import account as accounts
from pipeline.bootstrap.become import child_as, run_as
from pipeline.bootstrap.environment import Environment, is_ready
from pipeline.bootstrap.machine import alone, missing_here
from pipeline.bootstrap.mirror import (
    Mirror,
    bring_home,
    bring_up_to_date,
    environment_for,
    of_the_program,
    place_of,
)

_PATHS = ("CAPAS_SPEC",)
"""Variables whose value is a path that the task opens."""
SECOND = "-second"
"""What is added to the account's name for the second one, which the tests act as."""
LIMITING_HOST = "tests/accounts/limiting/enter-host"
"""In a checkout: puts a command onto a host that enforces limits."""


def run(checkout: str, level: str, arguments: Sequence[str]) -> int:
    """Prepare, run the task as the account, bring home what it made; its exit code.

    Raises:
        Stop: something is missing that cannot be had, or the mirror cannot be kept.
    """
    name = accounts.name_from(os.environ)
    names = [name, f"{name}{SECOND}"] if _task(arguments) == "test" else [name]
    account = accounts.find(name)
    if account is None or not _is_ready(account, checkout, level, names):
        from pipeline.bootstrap.prepare import prepare

        with alone(checkout):
            account = prepare(checkout, level, names)
    program = Mirror(checkout, place_of(checkout, account.pw_dir), of_the_program)
    bring_up_to_date(account, program)
    environment = environment_for(account, checkout)
    if not is_ready(environment, level):
        from pipeline.bootstrap.venv import make

        with alone(checkout):
            make(environment, level)
    return _run_task(account, program, environment, arguments)


class Work(NamedTuple):
    """Where the account works, and what is mirrored for it."""

    cwd: str
    mirrors: tuple[Mirror, ...]


def work_for(cwd: str, program: Mirror, *, usable: bool, home: str) -> Work:
    """Where a task runs that root called in `cwd`.

    In the checkout it runs in the mirror; in a folder that the account can use, there; a project
    elsewhere is mirrored too, with the folder it begins in. Anything else of root's is none of the
    account's business: then it is the mirror of the checkout.
    """
    inside = below(cwd, program.source)
    if inside is not None:
        return Work(f"{program.place}{inside}", (program,))
    if usable:
        return Work(cwd, (program,))
    if (folder := project_around(cwd)) is not None:
        place = place_of(folder, home)
        project = Mirror(folder, place, lambda path: path.split("/", 1)[0] == ".git")
        return Work(f"{place}{below(cwd, folder)}", (program, project))
    return Work(program.place, (program,))


def project_around(cwd: str) -> str | None:
    """The folder of the project that `cwd` lies in; an empty folder is where one begins."""
    folder = cwd
    while folder != "/":
        if os.path.isdir(f"{folder}/specs"):
            return folder
        folder = os.path.dirname(folder)
    with os.scandir(cwd) as entries:
        return None if any(entries) else cwd


def below(path: str, folder: str) -> str | None:
    """The rest of `path` below `folder`, with its slash; None when it lies elsewhere."""
    if path == folder:
        return ""
    return path[len(folder) :] if path.startswith(f"{folder}/") else None


def translated(argument: str, mirrors: Sequence[Mirror]) -> str:
    """An argument whose value is a path in a mirrored folder, as the account has to say it."""
    option, equals, value = argument.rpartition("=")
    for mirror in mirrors:
        rest = below(value, mirror.source)
        if rest is not None:
            return f"{option}{equals}{mirror.place}{rest}"
    return argument


def _run_task(
    account: pwd.struct_passwd, program: Mirror, environment: Environment, arguments: Sequence[str]
) -> int:
    cwd = os.getcwd()
    usable = below(cwd, program.source) is None and _usable(account, cwd)
    work = work_for(cwd, program, usable=usable, home=account.pw_dir)
    for project in work.mirrors[1:]:
        bring_up_to_date(account, project)
    words = [translated(argument, work.mirrors) for argument in arguments]
    environ = {
        name: translated(value, work.mirrors) if name in _PATHS else value
        for name, value in environment.environ.items()
    }
    argv = [environment.python, "-I", "-m", "pipeline", *words]
    with ExitStack() as stack:
        if _task(arguments) == "test":
            from pipeline.bootstrap.engine_doors import engine_doors

            environ.update(stack.enter_context(_doors(account, program)))
            environ.update(stack.enter_context(engine_doors(account, arguments)))
        code = run_as(account, argv, cwd=work.cwd, environment=environ)
    for mirror in work.mirrors:
        bring_home(account, mirror)
    return code


@contextmanager
def _doors(account: pwd.struct_passwd, program: Mirror) -> Iterator[dict[str, str]]:
    """What the tests reach the second account by: on this host, and on one that enforces limits."""
    from pipeline.bootstrap.second import door

    second = f"{account.pw_name}{SECOND}"
    limiting = f"{program.source}/{LIMITING_HOST}"
    with door(account, second) as usual, door(account, second, limiting) as limited:
        yield {"CAPAS_SECOND_DOOR": usual, "CAPAS_LIMITING_DOOR": limited}


def _task(arguments: Sequence[str]) -> str:
    return next((word for word in arguments if not word.startswith("-")), "")


def _usable(account: pwd.struct_passwd, folder: str) -> bool:
    child = child_as(account, lambda: not os.access(folder, os.R_OK | os.W_OK | os.X_OK))
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def _is_ready(account: pwd.struct_passwd, checkout: str, level: str, names: Sequence[str]) -> bool:
    return (
        accounts.is_ours(account)
        and is_ready(environment_for(account, checkout), level)
        and not missing_here(level, venv=True)[1]
        and all(accounts.lacks(name).nothing for name in names)
        and not accounts.closed_devices()
    )
