"""Run a program as another account without giving it our terminal.

Who holds a descriptor of a terminal can read what is typed there later; whose controlling terminal
it is can even type (ioctl_tty(2), "TIOCSTI"). So the program gets a session of its own and, in the
place of each descriptor that is a terminal, a terminal of its own (pty(7)) that ends with it; what
is typed and shown goes through us. `su --pty` and sudo's `use_pty` do the same.
"""

from __future__ import annotations

import fcntl
import os
import select
import signal
import termios
import tty
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

_TO_ALL = (signal.SIGINT, signal.SIGQUIT)
"""What a terminal sends to every process of a group."""
_TO_ONE = (signal.SIGTERM, signal.SIGHUP)
_NOTICED = (*_TO_ALL, *_TO_ONE, signal.SIGCHLD, signal.SIGWINCH)
_CHUNK = 1 << 16
_LAST = 64
"""Chunks that are shown after the program's end."""

Fork = Callable[[Callable[[], int]], int]
"""Forks a child that ends with a body's exit code; its process id."""


def run_apart(
    fork: Fork, argv: Sequence[str], *, cwd: str | None, environment: Mapping[str, str]
) -> int:
    """Run a program in a session and on a terminal of its own, and return its exit code.

    Signals that reach us are handed on to it.

    Args:
        fork: makes the process, which may give its rights away first.
        argv: the program, by its path, and its arguments.
        cwd: the folder it runs in; None for the current one.
        environment: its whole environment.
    """
    relay = _Relay()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _NOTICED)

    def body() -> int:
        os.setsid()
        relay.enter()
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        if cwd is not None:
            os.chdir(cwd)
        os.execve(argv[0], list(argv), dict(environment))  # noqa: S606 (argv, no shell)

    with _Signals() as signals:
        program = fork(body)
        signals.notice(before)
        try:
            relay.begin()
            return _attend(program, relay, signals)
        finally:
            relay.end()


def _attend(program: int, relay: _Relay, signals: _Signals) -> int:
    """Relay and hand on until the program ends; its exit code."""
    while True:
        relay.pass_on(signals.descriptor)
        for number in signals.received():
            if number == signal.SIGWINCH:
                relay.resize()
            elif number != signal.SIGCHLD:
                _send(program, number)
        done, status = os.waitpid(program, os.WNOHANG | os.WUNTRACED)
        if done and os.WIFSTOPPED(status):
            if relay.is_typed:  # by Ctrl-Z: our shell goes on, and `fg` wakes us
                relay.pause()
                os.kill(os.getpid(), signal.SIGSTOP)
                relay.begin()
                _send(program, signal.SIGCONT)
        elif done:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code


def _send(program: int, number: int) -> None:
    with suppress(ProcessLookupError):
        if number in {*_TO_ALL, signal.SIGCONT}:
            os.killpg(program, number)
        else:
            os.kill(program, number)


def leave_terminal() -> None:
    """In a process that stays: hold no descriptor of a terminal of root's."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        if os.isatty(number):
            os.dup2(nothing, number)


class _Signals:
    """Signals as bytes of a pipe, so that they can be waited for beside other descriptors."""

    def __enter__(self) -> _Signals:
        self.descriptor, self._written = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._before: list[tuple[int, object]] = []
        self._wakeup = signal.set_wakeup_fd(self._written, warn_on_full_buffer=False)
        self._mask: set[int] = set()
        return self

    def notice(self, mask: set[int]) -> None:
        """Begin, after the fork: what is ignored stays so, and the program inherits that."""
        self._mask = mask
        for number in _NOTICED:
            handler = signal.getsignal(number)
            if handler is not signal.SIG_IGN or number == signal.SIGCHLD:
                self._before.append((number, handler))
                signal.signal(number, lambda *_: None)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)

    def received(self) -> bytes:
        """The numbers of the signals that came."""
        try:
            return os.read(self.descriptor, _CHUNK)
        except BlockingIOError:
            return b""

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before:
            signal.signal(number, handler)  # type: ignore[arg-type] # as getsignal gave it
        signal.set_wakeup_fd(self._wakeup)
        os.close(self.descriptor)
        os.close(self._written)
        signal.pthread_sigmask(signal.SIG_SETMASK, self._mask)


class _Relay:
    """Our terminal and the program's own one; nothing where none of ours is a terminal.

    Where we are in the foreground and both input and output are a terminal, what is typed is
    passed on key by key. Else the program has no input: a pager behind us reads the keys.
    """

    def __init__(self) -> None:
        self._ours = [number for number in (0, 1, 2) if os.isatty(number)]
        self._shown = next((number for number in self._ours if number), None)
        self.is_typed = {0, 1} <= set(self._ours) and _in_foreground()
        self._main, self._inner = os.openpty() if self._ours else (-1, -1)
        self._waiting = b""
        if not self._ours:
            return
        self._before = termios.tcgetattr(self._ours[0])
        own = termios.tcgetattr(self._ours[0])
        if not self.is_typed:
            own[1] &= ~termios.OPOST  # ours does that already
        termios.tcsetattr(self._inner, termios.TCSANOW, own)
        os.set_blocking(self._main, False)
        self.resize()

    def enter(self) -> None:
        """In the program's process: leave our terminal, take the new one."""
        if not self._ours:
            return
        os.close(self._main)
        fcntl.ioctl(self._inner, termios.TIOCSCTTY, 0)
        for number in self._ours:
            os.dup2(self._inner, number)
        if 0 in self._ours and not self.is_typed:
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)

    def resize(self) -> None:
        """Give the new terminal the size of ours."""
        if self._ours:
            size = fcntl.ioctl(self._ours[0], termios.TIOCGWINSZ, b"\0" * 8)
            fcntl.ioctl(self._main, termios.TIOCSWINSZ, size)

    def begin(self) -> None:
        """Take keys as they come: the new terminal makes lines and signals of them."""
        if self.is_typed:
            tty.setraw(0, termios.TCSADRAIN)

    def pause(self) -> None:
        """Leave our terminal as it was."""
        if self.is_typed:
            termios.tcsetattr(0, termios.TCSADRAIN, self._before)

    def end(self) -> None:
        """Show what is left, and take the program's terminal away from whoever still holds it."""
        if self._ours:
            for _ in range(_LAST):  # somebody may still be writing, and never end
                if not self._show():
                    break
            self.pause()
            os.close(self._main)
            os.close(self._inner)

    def pass_on(self, signals: int) -> None:
        """Wait for something, also for a signal, and pass on what is typed and shown."""
        poll = select.poll()
        poll.register(signals, select.POLLIN)
        if self._ours:
            poll.register(self._main, select.POLLIN | (select.POLLOUT if self._waiting else 0))
        if self.is_typed and not self._waiting:
            poll.register(0, select.POLLIN)
        ready = dict(poll.poll())
        if ready.get(self._main, 0) & select.POLLIN:
            self._show()
        if 0 in ready:
            self._waiting = self._keys()
        if self._waiting:
            with suppress(BlockingIOError):
                self._waiting = self._waiting[os.write(self._main, self._waiting) :]

    def _keys(self) -> bytes:
        with suppress(OSError):
            if keys := os.read(0, _CHUNK):
                return keys
        self.is_typed = False  # the terminal is gone
        return b""

    def _show(self) -> bool:
        try:
            said = os.read(self._main, _CHUNK)
        except OSError:  # nothing is left, or nobody writes any more
            return False
        left = said if self._shown is not None else b""
        with suppress(OSError):  # our terminal is gone
            while left and self._shown is not None:
                left = left[os.write(self._shown, left) :]
        return bool(said)


def _in_foreground() -> bool:
    try:
        return os.tcgetpgrp(0) == os.getpgrp()
    except OSError:
        return False
