"""A store of its own for one test session, on the host's own runtime and storage driver.

Only the places are redirected: which runtime, driver and helpers the engine uses is what the
product's host profile says, so that the tests meet what a user meets.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import secrets
import signal
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from pipeline.engine import command
from pipeline.host.profile import effective_profile

_PREFIX = f"capas-tests-{os.getuid()}-"


@dataclass(frozen=True)
class Store:
    """One session's storage.

    Attributes:
        folder: the graph root's parent, on a disk.
        runtime: this session's XDG_RUNTIME_DIR: the run root, the pause process, sockets.
        environment: what every podman, buildah and capas of the session runs with.
        label: `name=value`, on what a test makes by hand.
    """

    folder: Path
    runtime: Path
    environment: Mapping[str, str]
    label: str


@contextmanager
def session_store(environ: Mapping[str, str]) -> Iterator[Store]:
    """A new store; it and everything in it is removed at the end.

    Raises:
        RuntimeError: XDG_RUNTIME_DIR is not set.
    """
    parent = Path("/var/tmp")  # a disk, where /tmp is often a small tmpfs
    sweep(parent, environ)
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
    with _held(folder):
        store = _make(folder, environ)
        try:
            yield store
        finally:
            remove(store)


def sweep(parent: Path, environ: Mapping[str, str]) -> None:
    """Remove stores of sessions that were killed: nobody holds their lock any more."""
    for folder in parent.glob(f"{_PREFIX}*"):
        with suppress(BlockingIOError), _held(folder):
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
    argv = ["buildah", "unshare", "rm", "-rf", str(store.folder), str(store.runtime)]
    command.run(argv, environment=env, cwd=Path("/"))


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Hold the lock of a session's folder.

    Raises:
        BlockingIOError: another session holds it.
    """
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield


def _make(folder: Path, environ: Mapping[str, str]) -> Store:
    profile = dict(effective_profile(environ).environment)
    name = folder.name.removeprefix(_PREFIX)
    if "XDG_RUNTIME_DIR" not in profile:
        raise RuntimeError("the integration tests need XDG_RUNTIME_DIR")
    # Rootless Podman 4.3 takes its run root and its pause process from this folder alone, and
    # wants a run root of at most 50 characters.
    runtime = Path(profile["XDG_RUNTIME_DIR"], f"ct-{name}")
    runtime.mkdir(mode=0o700, exist_ok=True)
    storage = folder / "storage.conf"
    storage.write_text(redirected(_storage_text(profile), folder / "graph", runtime / "containers"))
    engine = folder / "containers.conf"
    engine.write_text(_engine_text(profile))
    return Store(
        folder,
        runtime,
        {
            **profile,
            "CONTAINERS_STORAGE_CONF": str(storage),
            "CONTAINERS_CONF": str(engine),
            "XDG_RUNTIME_DIR": str(runtime),
            "XDG_CACHE_HOME": str(folder / "cache"),
            "XDG_STATE_HOME": str(folder / "state"),
            "XDG_DATA_HOME": str(folder / "data"),
        },
        f"io.github.capas.test={name}-{secrets.token_hex(4)}",
    )


def redirected(text: str, graph: Path, run: Path) -> str:
    """A storage.conf with other roots, everything else as it was."""
    places = "".join(
        f"{key} = {json.dumps(str(path))}\n"
        # Podman 4.3 hears only the second of the first two when it is rootless.
        for key, path in (("graphroot", graph), ("rootless_storage_path", graph), ("runroot", run))
    )
    rest = re.sub(r"(?m)^\s*(graphroot|runroot|rootless_storage_path)\s*=.*\n?", "", text)
    if not re.search(r"(?m)^\s*\[storage\]", rest):
        rest = f"[storage]\n{rest}"
    return re.sub(r"(?m)^(\s*\[storage\].*)$", lambda m: f"{m[1]}\n{places}", rest, count=1)


def _storage_text(profile: Mapping[str, str]) -> str:
    if named := profile.get("CONTAINERS_STORAGE_CONF"):
        return Path(named).read_text()
    return '[storage]\ndriver = "overlay"\n'


def _engine_text(profile: Mapping[str, str]) -> str:
    if named := profile.get("CONTAINERS_CONF"):
        return Path(named).read_text()
    hybrid = not Path("/sys/fs/cgroup/cgroup.controllers").exists()
    return '[engine]\nruntime = "runc"\n' if hybrid else ""
