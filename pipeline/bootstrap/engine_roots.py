"""Root file systems of other engines: made once for each state of the archive, and kept.

Only root reaches them: the folder is closed to everybody else, for a root file system has programs
with root's power that this machine's administrator has not installed.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from pipeline.bootstrap.engines import Engine, key_of, making_argv, mirror_of
from pipeline.bootstrap.messages import UNABLE, Stop, print_message
from pipeline.bootstrap.tools import run_tool

FOLDER = "/var/cache/capas/engines"
_APT_HELPER = "/usr/lib/apt/apt-helper"
_CERTIFICATES = "etc/ssl/certs/ca-certificates.crt"
_SETTINGS = ("etc/pip.conf",)
"""Files of this machine that say how the network is reached; they count in a root too."""


@contextmanager
def kept_root(engine: Engine) -> Iterator[str]:
    """The folder of an engine's root file system; nobody removes it during the block.

    Raises:
        Stop: it cannot be made.
    """
    os.makedirs(FOLDER, mode=0o700, exist_ok=True)
    with _locked(engine.name, f"another command makes the root of {engine.name}: waiting for it"):
        place = _place(engine)
        if not os.path.isdir(place):
            _make(engine, place)
        held = os.open(place, os.O_RDONLY | os.O_DIRECTORY)
        fcntl.flock(held, fcntl.LOCK_SH)
        _sweep(engine, place)
    try:
        yield place
    finally:
        os.close(held)


@contextmanager
def new_folder(name: str) -> Iterator[str]:
    """A folder for one run beside the roots; it is removed at the end, with all that is in it."""
    with _locked("runs", ""):
        for left in _named(f"{name}.run-"):
            remove_unless_held(left)
        folder = tempfile.mkdtemp(prefix=f"{name}.run-", dir=FOLDER)
        held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        fcntl.flock(held, fcntl.LOCK_SH)
    try:
        yield folder
    finally:
        os.close(held)
        remove_unless_held(folder)


def is_held(folder: str) -> bool:
    """Whether a process has locked a folder; one that is gone is held by none."""
    try:
        held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(held)
    return False


def remove_unless_held(folder: str) -> None:
    """Remove a folder that no process has locked."""
    with suppress(OSError):
        held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(held)


def _place(engine: Engine) -> str:
    """Where the root of today's archive is, or will be; without a network the newest that is kept.

    Raises:
        Stop: apt uses no archive of Debian, or it does not answer and no root is kept.
    """
    mirror = _mirror()
    try:
        releases = [_release(mirror, suite) for suite in engine.suites]
    except Stop as stop:
        whole = [path for path in _named(f"{engine.name}-") if not path.endswith(".new")]
        kept = sorted(whole, key=os.path.getmtime)
        if not kept:
            raise
        print_message(f"{stop.brief}: the root of {engine.name} that is kept here is used as it is")
        return kept[-1]
    return f"{FOLDER}/{engine.name}-{key_of(engine, releases, _reached_by())}"


def _mirror() -> str:
    form = "$(LABEL) $(COMPONENT) $(REPO_URI)"
    argv = ["apt-get", "indextargets", f"--format={form}", "Identifier: Packages"]
    said = run_tool(argv)
    if not mirror_of(said.text):  # a new image of a machine has no lists yet
        run_tool(["apt-get", "update"])
        said = run_tool(argv)
    mirror = mirror_of(said.text) if said.code == 0 else ""
    if not mirror:
        raise Stop(
            "apt has no Debian archive here, and a root of another release is built from one",
            said.last(2),
            "run this on Debian, with its main archive in apt's sources",
            code=UNABLE,
        )
    return mirror


def _release(mirror: str, suite: str) -> bytes:
    """The signed Release file of a suite, as it is now; only its digest is used."""
    with tempfile.TemporaryDirectory(prefix="capas-release-") as folder:
        path = f"{folder}/InRelease"
        address = f"{mirror}/dists/{suite}/InRelease"
        options = ["-o", "APT::Sandbox::User=root", "-o", "Acquire::Retries=2"]
        said = run_tool([_APT_HELPER, *options, "download-file", address, path])
        try:
            with open(path, "rb") as file:
                return file.read()
        except FileNotFoundError:
            raise Stop(
                f"the archive that apt uses here has no {suite}, or does not answer",
                said.last(3),
                "check the connection, then run the same command again",
            ) from None


def _reached_by() -> str:
    """What of this machine goes into a root: another one makes another root."""
    return "".join(_text(f"/{path}") for path in (_CERTIFICATES, *_SETTINGS))


def _make(engine: Engine, place: str) -> None:
    """Make the root file system; it has its name when it is whole.

    Raises:
        Stop: mmdebstrap failed, with its own last words.
    """
    half = f"{place}.new"
    shutil.rmtree(half, ignore_errors=True)
    print_message(f"    root of {engine.name}, made once and kept in {place}")
    argv = making_argv(engine, _mirror(), half)
    said = _run_whole(argv)
    if said is not None:
        shutil.rmtree(half, ignore_errors=True)
        raise Stop(
            f"the root of {engine.name} cannot be made",
            said,
            "fix what the lines above report, then run the same command again",
        )
    for path in (_CERTIFICATES, *_SETTINGS):
        if text := _text(f"/{path}"):
            _write(f"{half}/{path}", text)
    _write(f"{half}/etc/hosts", "127.0.0.1 localhost\n::1 localhost\n")
    os.chmod(half, 0o755)
    os.rename(half, place)


def _run_whole(argv: list[str]) -> str | None:
    """Run a command whose every process ends with it, and with us; its last words if it fails."""
    alone = ["unshare", "--mount", "--pid", "--mount-proc", "--fork", "--kill-child"]
    with (
        tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as words,
        subprocess.Popen(
            ["setpriv", "--pdeathsig=KILL", *alone, *argv],
            stdin=subprocess.DEVNULL,
            stdout=words,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={**os.environ, "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"},
        ) as process,
    ):
        try:
            code = process.wait()
        except BaseException:
            process.send_signal(signal.SIGKILL)
            raise
        words.seek(0)
        lines = words.read().splitlines()
    errors = [line for line in lines if line.startswith(("E:", "Err:", "W: Failed"))]
    return None if code == 0 else "\n".join((errors or lines)[-6:])


def _sweep(engine: Engine, place: str) -> None:
    """Remove roots of earlier states of the archive that nobody uses, and half ones."""
    for other in _named(f"{engine.name}-"):
        if other != place:
            remove_unless_held(other)


def _named(prefix: str) -> list[str]:
    return [f"{FOLDER}/{name}" for name in os.listdir(FOLDER) if name.startswith(prefix)]


@contextmanager
def _locked(name: str, waiting: str) -> Iterator[None]:
    with open(f"{FOLDER}/{name}.lock", "w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if waiting:
                print_message(waiting)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _text(path: str) -> str:
    with suppress(OSError), open(path, encoding="utf-8", errors="surrogateescape") as file:
        return file.read()
    return ""


def _write(path: str, text: str) -> None:
    """Write a file of a root that only root has touched."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8", errors="surrogateescape") as file:
        file.write(text)
