"""The machine that a service's containers run on: this one, or one behind the ssh that we hold.

What the API does not tell (who listens, which programs are there, whether a port answers) is asked
of the machine itself: here of the kernel, elsewhere by commands over the tunnel's own connection.
"""

from __future__ import annotations

import shlex
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from pipeline.engine import command
from pipeline.engine.command import Completed
from pipeline.engine.programs import find_program
from pipeline.errors import EngineError
from pipeline.lean_dataclasses import dataclass

FAR_SCHEME = "ssh+unix"
"""Of a socket here that leads to a service elsewhere: `ssh+unix://user@host:port/path/here`."""
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_SESSIONS = threading.BoundedSemaphore(8)
"""sshd allows ten on one connection (sshd_config(5), MaxSessions)."""
_SSH_FAILED = 255
_ANSWER_SECONDS = 20.0


@dataclass(frozen=True)
class ContainerHost:
    """Where containers run.

    Attributes:
        name: of the machine, as CONTAINER_HOST has it; "" for this one.
        login: what ssh(1) is told to reach it.
        control: the socket of the ssh that we hold; None without one.
    """

    name: str = ""
    login: str = ""
    control: Path | None = None

    @property
    def here(self) -> bool:
        """Whether it is this machine."""
        return not self.name

    def run(self, argv: Sequence[str], *, text: str = "") -> Completed:
        """Run a program there to its end.

        Args:
            text: what it reads from its standard input.

        Raises:
            EngineError: no program can be run there.
        """
        if self.here:
            return command.run(argv, check=False, text=text)
        if self.control is None:
            raise EngineError(f"nothing but its API is reached on {self.name}")
        with _SESSIONS:
            done = command.run(
                session_argv(self.control, self.login, argv),
                check=False,
                text=text,
                timeout=_ANSWER_SECONDS,
            )
        if done.returncode == _SSH_FAILED:
            said = (done.stderr.strip().splitlines() or ["ssh failed"])[-1]
            raise EngineError(f"no command runs on {self.name}", details=said)
        return done

    @contextmanager
    def attended(self, argv: Sequence[str]) -> Iterator[IO[str]]:
        """What a program there says, which runs for the time of the block.

        To be one that ends when its standard input does: then it ends with us, too, however we end.

        Raises:
            EngineError: no program can be run there.
        """
        if self.control is not None:
            argv = session_argv(self.control, self.login, argv)
        elif not self.here:
            raise EngineError(f"nothing but its API is reached on {self.name}")
        with command.attended(argv) as said:
            yield said

    def texts(self, paths: Iterable[str]) -> Mapping[str, str]:
        """The texts of those files that are there and can be read, by path.

        Raises:
            EngineError: no program can be run there.
        """
        wanted = list(paths)
        if self.here:
            return {path: text for path in wanted if (text := _read(path)) is not None}
        if not wanted:
            return {}
        found: dict[str, str] = {}
        for line in self.run(["grep", "-sH", "", *wanted, "/dev/null"]).stdout.splitlines():
            path, _, text = line.partition(":")
            if path in wanted:  # a login shell may greet
                found[path] = f"{found.get(path, '')}{text}\n"
        return found

    def programs(self, names: Sequence[str], folders: Sequence[str] = ()) -> frozenset[str]:
        """Which of these programs are there.

        Args:
            folders: looked into besides the PATH.

        Raises:
            EngineError: no program can be run there.
        """
        if self.here:
            path = ":".join(folders)
            return frozenset(n for n in names if find_program(n) or find_program(n, path=path))
        look = f'PATH="$PATH:{":".join(folders)}"; for n; do command -v "$n"; done; :'
        done = self.run(["sh", "-c", look, "sh", *names])
        if done.returncode != 0:
            said = (done.stderr.strip() or done.stdout.strip()).splitlines()
            raise EngineError(f"no command runs on {self.name}", details="\n".join(said[-1:]))
        return frozenset(Path(line).name for line in done.stdout.splitlines())


HERE = ContainerHost()


def container_host_of(uri: str) -> ContainerHost:
    """The machine behind the URI of a service, as `api_service` yields it."""
    parts = urlsplit(uri)
    if parts.scheme == FAR_SCHEME:
        login = f"ssh://{parts.netloc}"
        return ContainerHost(parts.hostname or "", login, control_socket(Path(parts.path)))
    if parts.scheme == "tcp" and parts.hostname and parts.hostname not in _LOOPBACK:
        return ContainerHost(parts.hostname)
    return HERE


def control_socket(path: Path) -> Path:
    """Where the ssh behind a service's socket here takes further sessions."""
    return path.with_suffix(".ssh")


def session_argv(control: Path, login: str, argv: Sequence[str]) -> list[str]:
    """A command over a connection that is there; never over a new one."""
    options = ("BatchMode=yes", "ControlMaster=no", "ProxyCommand=false", "LogLevel=ERROR")
    words = [word for option in options for word in ("-o", option)]
    return ["ssh", "-T", "-S", str(control), *words, "--", login, shlex.join(argv)]


def _read(path: str) -> str | None:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return None
