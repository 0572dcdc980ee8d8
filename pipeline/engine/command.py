"""The only code that runs other programs: argv lists in, text out, and no shell in between."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from pipeline.engine.log_messages import strip_logrus
from pipeline.engine.process_group import end_group
from pipeline.errors import EngineError, HostUnsupported
from pipeline.lean_dataclasses import dataclass

_LAST_LINES = 15
_PIECE = 1 << 20
"""Bytes that are read at once."""
_LAST_WORDS = 2.0
"""Seconds that a program gets to end after its standard input."""
_GRACE = 15.0
"""Seconds that a program on our terminal gets to end after an interruption."""


@dataclass(frozen=True)
class Completed:
    """What a program answered."""

    argv: tuple[str, ...]
    returncode: int
    stdout: str
    stderr: str

    @property
    def command(self) -> str:
        """The command as a person would type it."""
        return shlex.join(self.argv)


def run(
    argv: Sequence[str],
    *,
    environment: Mapping[str, str] | None = None,
    check: bool = True,
    timeout: float | None = None,
    cwd: Path | None = None,
    text: str | None = None,
) -> Completed:
    """Run a program to its end and return what it said.

    Args:
        argv: the program and its arguments.
        environment: the whole environment of the program; None for ours.
        check: raise when the program's exit code is not 0.
        timeout: seconds.
        cwd: the folder it runs in.
        text: what it reads from its standard input; None closes it.

    Raises:
        HostUnable: the program is not installed.
        EngineError: `check`, and it failed; or it took longer than `timeout`.
    """
    with _startable(argv, cwd):
        done = subprocess.run(
            argv,
            env=None if environment is None else dict(environment),
            cwd=cwd,
            input=text,
            stdin=subprocess.DEVNULL if text is None else None,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=timeout,
            check=False,
        )
    completed = Completed(tuple(argv), done.returncode, done.stdout, done.stderr)
    if check and completed.returncode != 0:
        raise failure(completed)
    return completed


def run_into(argv: Sequence[str], target: Path, *, timeout: float | None = None) -> None:
    """Run a program to its end and write its standard output, as bytes, to `target`.

    Raises:
        HostUnable: the program is not installed.
        EngineError: it failed, or it took longer than `timeout` seconds.
        OSError: the target cannot be written.
    """
    with target.open("wb") as out, _startable(argv, None):
        done = subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.PIPE,
            timeout=timeout,
            check=False,
        )
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace")
        raise failure(Completed(tuple(argv), done.returncode, "", said))


def pump(
    argv: Sequence[str],
    *,
    environment: Mapping[str, str] | None = None,
    source: Iterable[bytes] = (),
    sink: Callable[[bytes], object] = lambda _piece: None,
    allowed: Sequence[int] = (0,),
) -> str:
    """Run a program on bytes that never are in memory as a whole; it reads first, then writes.

    What it said on standard error is returned, of a success at most a megabyte.

    Args:
        source: what it reads from its standard input, piece by piece.
        sink: is given its standard output, piece by piece.
        allowed: exit codes that are no failure.

    Raises:
        HostUnable: the program is not installed.
        EngineError: it failed.
    """
    with tempfile.TemporaryFile() as errors:
        with _startable(argv, None):
            process = subprocess.Popen(
                argv,
                env=None if environment is None else dict(environment),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                start_new_session=True,
            )
        with process:
            try:
                if process.stdin is not None:
                    _feed(process.stdin, source)
                if process.stdout is not None:
                    while piece := os.read(process.stdout.fileno(), _PIECE):
                        sink(piece)
                returncode = process.wait()
            except BaseException:
                end_group(process)
                if process.stdin is not None:
                    with suppress(BrokenPipeError):  # what was not written is of no use any more
                        process.stdin.close()
                raise
        errors.seek(0)
        said = errors.read(_PIECE if returncode in allowed else -1).decode("utf-8", "replace")
        if returncode not in allowed:
            raise failure(Completed(tuple(argv), returncode, "", said))
        return said


def _feed(stdin: IO[bytes], source: Iterable[bytes]) -> None:
    try:
        for piece in source:
            stdin.write(piece)
        stdin.close()
    except BrokenPipeError:  # it ended before it had read everything: its exit code tells why
        with suppress(BrokenPipeError):
            stdin.close()


def stream(
    argv: Sequence[str],
    on_line: Callable[[str], None],
    *,
    environment: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    on_start: Callable[[subprocess.Popen[str]], None] | None = None,
) -> int:
    """Run a program, hand on each line of its output and errors as it comes, return its exit code.

    The program gets a process group of its own: a Ctrl-C of the user reaches us first, and we
    end the whole group before the interruption goes on.

    Args:
        argv: the program and its arguments.
        on_line: is given each line, without its line break.
        environment: the whole environment of the program; None for ours.
        cwd: the folder it runs in.
        on_start: is given the process, for whoever must end it from another thread.

    Raises:
        HostUnable: the program is not installed.
    """
    with _startable(argv, cwd):
        process = subprocess.Popen(
            argv,
            env=None if environment is None else dict(environment),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
    with process:
        try:
            if on_start is not None:
                on_start(process)
            for line in _pipe(process):
                on_line(line.rstrip("\n"))
            return process.wait()
        except BaseException:
            end_group(process)
            raise


@contextmanager
def attended(argv: Sequence[str]) -> Iterator[IO[str]]:
    """The output of a program that runs until its standard input ends: with the block, or with us.

    Raises:
        HostUnable: the program is not installed.
    """
    with _startable(argv, None):
        process = subprocess.Popen(
            argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
    try:
        yield _pipe(process)
    finally:
        with suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=_LAST_WORDS)
        end_group(process)
        process.wait()


def attend(
    argv: Sequence[str],
    *,
    environment: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> int:
    """Run a program on our own terminal, as a shell would, and return its exit code.

    It shares our process group: a Ctrl-C reaches it directly, and we wait for its answer to it.
    One that does not answer, since only we were told to end, is told by us.

    Raises:
        HostUnable: the program is not installed.
    """
    with _startable(argv, cwd):
        env = None if environment is None else dict(environment)
        process = subprocess.Popen(argv, env=env, cwd=cwd)
    with process:
        try:
            return process.wait()
        except KeyboardInterrupt:
            try:
                process.wait(timeout=_GRACE)
            except subprocess.TimeoutExpired:
                process.terminate()
            raise


def failure(completed: Completed) -> EngineError:
    """The error for a program that failed: its own last lines tell why."""
    said = strip_logrus(completed.stderr.strip() or completed.stdout.strip()).splitlines()
    brief = f"{completed.argv[0]} failed with exit code {completed.returncode}"
    return EngineError(brief, details="\n".join([completed.command, *said[-_LAST_LINES:]]))


def _pipe(process: subprocess.Popen[str]) -> IO[str]:
    if process.stdout is None:  # Popen was told PIPE
        raise EngineError(f"{process.args!r} has no output to read")
    return process.stdout


@contextmanager
def _startable(argv: Sequence[str], cwd: Path | None) -> Iterator[None]:
    """Tell a program that cannot be started, or does not end in time, as our error."""
    try:
        yield
    except (FileNotFoundError, NotADirectoryError, PermissionError) as error:
        raise _not_startable(argv, error, cwd) from None
    except subprocess.TimeoutExpired as error:
        brief = f"{argv[0]} did not finish within {error.timeout:g} seconds"
        raise EngineError(brief, details=shlex.join(argv)) from None


def _not_startable(argv: Sequence[str], error: OSError, cwd: Path | None) -> Exception:
    if cwd is not None and not cwd.is_dir():
        return EngineError(f"the folder {cwd} does not exist", details=shlex.join(argv))
    if isinstance(error, PermissionError):
        return HostUnsupported(f"{argv[0]} may not be executed here", details=str(error))
    return HostUnsupported(
        f"{argv[0]} is not installed",
        details=f"needed for: {shlex.join(argv)}",
        resolution="`capas doctor` says how to install it",
    )
