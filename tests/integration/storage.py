"""A store of its own for one test session: the environment of a user who has never run Podman.

Everything that the engine keeps of a user lies below XDG folders, so other folders are another
user's. Which runtime, driver and helpers are used there is what the product's host profile says.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import signal
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from pipeline.engine import command
from pipeline.host.profile import effective_profile

_PREFIX = f"capas-tests-{os.getuid()}-"


@dataclass(frozen=True)
class Store:
    """One session's storage.

    Attributes:
        folder: the parent of the graph root, caches and the rest, on a disk.
        runtime: this session's XDG_RUNTIME_DIR: the run root, the pause process, sockets.
        environment: what every podman, buildah and capas of the session runs with.
        label: `name=value`, on what a test makes by hand.
    """

    folder: Path
    runtime: Path
    environment: Mapping[str, str]
    label: str

    @property
    def graph(self) -> Path:
        """The graph root."""
        return self.folder / "data" / "containers" / "storage"


@contextmanager
def session_store(environ: Mapping[str, str]) -> Iterator[Store]:
    """A new store; it and everything in it is removed at the end.

    Raises:
        RuntimeError: XDG_RUNTIME_DIR is not set.
    """
    parent = Path("/var/tmp")  # a disk, where /tmp is often a small tmpfs
    sweep(parent, environ)
    with _new_folder(parent) as folder:
        store = _make(folder, environ)
        try:
            yield store
        finally:
            remove(store)


def sweep(parent: Path, environ: Mapping[str, str]) -> None:
    """Remove stores of sessions that were killed: nobody holds their lock any more."""
    for folder in parent.glob(f"{_PREFIX}*"):
        with suppress(BlockingIOError, FileNotFoundError), _held(folder):
            remove(_make(folder, environ))


def remove(store: Store) -> None:
    """Remove the session's containers, its pause process with its mounts, then its files.

    The files belong to subordinate ids, so they are removed inside a user namespace.
    """
    env = store.environment
    command.run(["podman", "rm", "--all", "--force", "--time=0"], environment=env)
    pause = store.runtime / "libpod" / "tmp" / "pause.pid"
    if pause.exists():
        with suppress(ProcessLookupError):
            os.kill(int(pause.read_text()), signal.SIGKILL)
    remove_argv = ["buildah", "unshare", "rm", "-rf"]
    # What conmon starts after a container's end may still write while this removes; the settings
    # that Buildah reads lie in the runtime folder, which goes last.
    for check in (False, False, True):
        argv = [*remove_argv, str(store.folder)]
        if command.run(argv, environment=env, cwd=Path("/"), check=check).returncode == 0:
            break
        time.sleep(1)
    command.run([*remove_argv, str(store.runtime)], environment=env, cwd=Path("/"))


@contextmanager
def _new_folder(parent: Path) -> Iterator[Path]:
    """A folder whose lock is held; one that another session sweeps before it is, is given up."""
    with ExitStack() as stack:
        while True:
            folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
            with suppress(BlockingIOError, FileNotFoundError):
                stack.enter_context(_held(folder, new=True))
                break
        yield folder


@contextmanager
def _held(folder: Path, *, new: bool = False) -> Iterator[None]:
    """Hold the lock of a session's folder.

    Args:
        new: make the lock; it is made once, so that nothing comes into a folder that is removed.

    Raises:
        BlockingIOError: another session holds it.
        FileNotFoundError: it is not made yet, or another session removed the folder.
    """
    with (folder / "lock").open("x" if new else "r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        (folder / "lock").stat()  # what was removed before it was locked is nobody's lock
        yield


def _make(folder: Path, environ: Mapping[str, str]) -> Store:
    if "XDG_RUNTIME_DIR" not in environ:
        raise RuntimeError("the integration tests need XDG_RUNTIME_DIR")
    name = folder.name.removeprefix(_PREFIX)
    # Podman wants a run root of at most 50 characters.
    runtime = Path(environ["XDG_RUNTIME_DIR"], f"ct-{name}")
    runtime.mkdir(mode=0o700, exist_ok=True)
    apart = {
        "XDG_RUNTIME_DIR": str(runtime),
        **{
            f"XDG_{what.upper()}_HOME": str(folder / what)
            for what in ("cache", "config", "data", "state")
        },
        # The tests of a session share a store: each takes names over that another has used.
        "CAPAS_TAKE_OVER": "1",
    }
    # What a program does under a CI is asked where a test says so: not because the tests run there.
    own = {name: value for name, value in environ.items() if name != "CI"}
    return Store(
        folder,
        runtime,
        effective_profile({**own, **apart}).environment,
        f"io.github.capas.test={name}-{secrets.token_hex(4)}",
    )
