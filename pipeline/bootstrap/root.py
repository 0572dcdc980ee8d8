"""Root's way: everything runs as an unprivileged account, on a mirror of the checkout."""

from __future__ import annotations

import os
import pwd
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import NamedTuple

from pipeline.bootstrap import account as accounts
from pipeline.bootstrap import stale_mirrors
from pipeline.bootstrap.environment import Environment, is_ready
from pipeline.bootstrap.machine import alone, missing_here
from pipeline.bootstrap.messages import print_message
from pipeline.bootstrap.mirror import bring_home, bring_up_to_date, environment_for, place_of
from pipeline.bootstrap.privileges import child_as, leave_environment
from pipeline.bootstrap.returning import asked_for, below
from pipeline.bootstrap.safe_files import read_text
from pipeline.bootstrap.sides import Mirror
from pipeline.bootstrap.source import SourceFolder, here, opened, project_around
from pipeline.bootstrap.terminal import run_apart
from pipeline.bootstrap.tools import run_tool
from pipeline.bootstrap.tree import open_folder

_PATHS = ("CAPAS_SPEC",)
"""Variables whose value is a path that the task opens."""
SECOND = "-second"
"""What is added to the account's name for the second one, which the tests act as."""
LIMITING_HOST = "tests/accounts/limiting/enter-host"
"""In a checkout: puts a command onto a host that enforces limits."""
ATTACK = "tests/accounts/attack/as_root.py"
"""In a checkout: the two accounts attack root, and it is told what that gained."""
_SWAPS = "30"
_ELSEWHERE = ("test", "bench")
"""Tasks that `--on` lets run on other engines, too."""
_ONE_ACCOUNT = frozenset({"unit", "integration", "browser"})
"""Parts of the tests that need no second account."""


def run(checkout: str, level: str, arguments: Sequence[str]) -> int:
    """Prepare, run the task as the account, bring home what it made; its exit code.

    Raises:
        Stop: something is missing that cannot be had, or the mirror cannot be kept.
    """
    leave_environment()
    source = opened(checkout)
    _tell_owner(source)
    name = accounts.name_from(os.environ)
    names = [name, f"{name}{SECOND}"] if _task(arguments) == "test" else [name]
    account = accounts.find(name)
    if account is None or not _is_ready(account, checkout, level, names):
        from pipeline.bootstrap.prepare import prepare

        with alone(source.descriptor):
            account = prepare(checkout, level, names)
    program = Mirror(source, place_of(checkout, account.pw_dir), is_program=True)
    bring_up_to_date(account, program)
    environment = environment_for(account, checkout)
    if not is_ready(environment, level):
        from pipeline.bootstrap.venv import make

        with alone(source.descriptor):
            make(environment, level)
    return _run_task(account, program, environment, arguments)


class Work(NamedTuple):
    """Where the account works, and what is mirrored for it.

    Attributes:
        cwd: a folder of the account's; None for the current one, which it can use as it is.
        mirrors: the checkout's, and perhaps a project's.
    """

    cwd: str | None
    mirrors: tuple[Mirror, ...]


def work_for(
    current: SourceFolder, program: Mirror, arguments: Sequence[str], *, usable: bool, home: str
) -> Work:
    """Where a task runs that root called in a folder.

    In the checkout it runs in the mirror; in a folder that the account can use, there; a project
    elsewhere is mirrored too, with the folder it begins in. Anything else of root's is none of the
    account's business: then it is the mirror of the checkout.
    """
    inside = below(current.path, program.source.path)
    if inside is not None:
        asked = asked_for(arguments, inside.strip("/"))
        return Work(f"{program.place}{inside}", (program._replace(asked=asked),))
    if usable:
        return Work(None, (program,))
    if (folder := project_around(current)) is not None:
        place, inside = place_of(folder.path, home), below(current.path, folder.path) or ""
        asked = asked_for(arguments, inside.strip("/"))
        project = Mirror(folder, place, is_program=False, asked=asked)
        return Work(f"{place}{inside}", (program, project))
    return Work(program.place, (program,))


def translated(argument: str, mirrors: Sequence[Mirror]) -> str:
    """An argument whose value is a path in a mirrored folder, as the account has to say it."""
    option, equals, value = argument.rpartition("=")
    for mirror in mirrors:
        rest = below(value, mirror.source.path)
        if rest is not None:
            return f"{option}{equals}{mirror.place}{rest}"
    return argument


def _run_task(
    account: pwd.struct_passwd, program: Mirror, environment: Environment, arguments: Sequence[str]
) -> int:
    current = here()
    usable = below(current.path, program.source.path) is None and _usable(account)
    work = work_for(current, program, arguments, usable=usable, home=account.pw_dir)
    for project in work.mirrors[1:]:
        bring_up_to_date(account, project)
    words = [translated(argument, work.mirrors) for argument in arguments]
    environ = {
        name: translated(value, work.mirrors) if name in _PATHS else value
        for name, value in environment.environ.items()
    }
    argv = [environment.python, "-I", "-m", "pipeline", *words]
    with ExitStack() as stack:
        task = _task(arguments)
        if task in _ELSEWHERE:
            from pipeline.bootstrap.entered_engines import entered_engines

            environ.update(stack.enter_context(entered_engines(account, arguments)))
        if task == "test":
            from pipeline.bootstrap.engines import ALL, wanted

            environ.update(stack.enter_context(_account_servers(account, program)))
            if not _ONE_ACCOUNT.intersection(arguments) and wanted(arguments) in ("", ALL):
                environ.update(_attacked(account, program))
            _open_to_others(account, program)
        as_account = partial(child_as, account)
        code = run_apart(as_account, argv, cwd=work.cwd, environment=environ)
    for mirror in work.mirrors:
        bring_home(account, mirror)
    note = stale_mirrors.note_path()
    stale_mirrors.remember([mirror.source.path for mirror in work.mirrors], note)
    if _task(arguments) == "prune":
        stale_mirrors.sweep(account, note, remove="--yes" in arguments)
    return code


@contextmanager
def _account_servers(account: pwd.struct_passwd, program: Mirror) -> Iterator[dict[str, str]]:
    """What the tests reach the second account by: on this host, and on one that enforces limits.

    What root runs for it is read from root's own folder, and handed over as text.
    """
    from pipeline.bootstrap.second_account import second_account_server

    second = f"{account.pw_name}{SECOND}"
    limiting = ("/bin/bash", "-c", _text_of(program.source, LIMITING_HOST), "enter-host")
    with (
        second_account_server(account, second) as usual,
        second_account_server(account, second, limiting) as limited,
    ):
        yield {"CAPAS_SECOND_ACCOUNT": usual, "CAPAS_LIMITED_ACCOUNT": limited}


def _open_to_others(account: pwd.struct_passwd, program: Mirror) -> None:
    """Let the second account run the copy of the checkout, until it is brought home."""

    def body() -> int:
        os.chmod(os.path.dirname(program.place), 0o711)
        return 0

    os.waitpid(child_as(account, body), 0)


def _attacked(account: pwd.struct_passwd, program: Mirror) -> dict[str, str]:
    """What an attack on root by the two accounts gained, for the test that tells it."""
    swaps = os.environ.get("CAPAS_SWAPS") or _SWAPS
    print_message(f"the two accounts attack root: {swaps} swaps of a folder")
    code = _text_of(program.source, ATTACK)
    names = (account.pw_name, f"{account.pw_name}{SECOND}")
    said = run_tool([sys.executable, "-IS", "-c", code, program.source.path, *names, swaps])
    return {"CAPAS_ATTACK": said.last(1) if said.code == 0 else said.last(20)}


def _text_of(checkout: SourceFolder, path: str) -> str:
    """A file of root's own checkout."""
    *folders, name = path.split("/")
    folder = open_folder(checkout.descriptor, folders)
    try:
        return read_text(name, dir_fd=folder)
    finally:
        os.close(folder)


def _tell_owner(checkout: SourceFolder) -> None:
    if checkout.uid != 0:
        print_message(
            f"note: {checkout.path} belongs to user id {checkout.uid}, who decides what root runs"
        )


def _task(arguments: Sequence[str]) -> str:
    return next((word for word in arguments if not word.startswith("-")), "")


def _usable(account: pwd.struct_passwd) -> bool:
    child = child_as(account, lambda: not os.access(".", os.R_OK | os.W_OK | os.X_OK))
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def _is_ready(account: pwd.struct_passwd, checkout: str, level: str, names: Sequence[str]) -> bool:
    return (
        accounts.is_ours(account)
        and is_ready(environment_for(account, checkout), level)
        and not missing_here(level, venv=True)[1]
        and all(accounts.lacks(name).nothing for name in names)
        and not accounts.closed_devices()
    )
