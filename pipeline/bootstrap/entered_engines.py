"""Servers in other engines: a root file system entered, where an unprivileged account runs tests.

Root alone makes the root, its namespaces and its mounts, and starts `engine_server` there as the
root's own account. What the tests ask through the server is run by that account, in namespaces
that hold nothing of this machine but its network; root runs nothing of it. When the block ends, or
we are killed, every process there ends, and its mounts go with the last of them.
"""

from __future__ import annotations

import json
import os
import pwd
import signal
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from types import FrameType

from pipeline.bootstrap import engine_server
from pipeline.bootstrap.engine_roots import FOLDER, is_held, kept_root, new_folder
from pipeline.bootstrap.engines import ACCOUNT, UID, Engine, here, to_enter, wanted
from pipeline.bootstrap.machine import os_release
from pipeline.bootstrap.messages import Stop, print_stop
from pipeline.bootstrap.privileges import child, environment_of
from pipeline.bootstrap.terminal import leave_terminal

VARIABLE = "CAPAS_ENGINE_SERVERS"
"""Names the servers, as JSON: by engine `server`, an address, or `error`, why there is none."""

_ENTER = r"""
root=$1 run=$2; shift 2
mkdir "$run/upper" "$run/work" "$run/root" "$run/home" "$run/tmp" "$run/var-tmp"
chmod 1777 "$run/tmp" "$run/var-tmp"
chmod 755 "$run/upper"
mount -t overlay -o "lowerdir=$root,upperdir=$run/upper,workdir=$run/work" overlay "$run/root"
cp -a "$root/home/." "$run/home"
cd "$run/root"
# The engine's own overlays need a disk below them, not another overlay.
mount --bind "$run/home" home
mount --bind "$run/tmp" tmp
mount --bind "$run/var-tmp" var/tmp
mount -t proc proc proc
mount -t sysfs sysfs sys
mount --rbind /dev dev
mount -t tmpfs -o mode=1777 none dev/shm # Podman's locks are there, by the user's number
mount -t tmpfs -o mode=755 none run
install -d -m 700 -o "$1" -g "$1" "run/user/$1"
cat /etc/resolv.conf >etc/resolv.conf
mkdir -p old
pivot_root . old
cd /
mount -t cgroup2 cgroup2 /sys/fs/cgroup
umount -l /old
mount --make-rshared /
uid=$1; shift
cd "$HOME"
exec catatonit -- setpriv "--reuid=$uid" "--regid=$uid" --init-groups /usr/bin/python3 -IS "$@"
"""
_NAMESPACES = ("--mount", "--pid", "--cgroup", "--ipc", "--uts", "--fork", "--kill-child")
_PREFIX = "capas-engine-"
_OF_THIS_MACHINE = ("PIP_FIND_LINKS", "PIP_CONFIG_FILE", "PIP_CACHE_DIR")
"""Variables that name folders which a root does not have."""
_END_SECONDS = 20.0
_POLL_SECONDS = 0.05


@contextmanager
def entered_engines(
    caller: pwd.struct_passwd, arguments: Sequence[str]
) -> Iterator[dict[str, str]]:
    """Variables that name the servers of the engines that `--on` asks for.

    Args:
        caller: the account whose requests are answered there.
        arguments: of the task.
    """
    engines = to_enter(wanted(arguments), here(os_release()))
    if not engines:
        yield {}
        return
    servers: dict[str, dict[str, str]] = {}
    with ExitStack() as stack, _ended_by_signals():
        for engine in engines:
            servers[engine.name] = _opened(engine, caller, stack)
        yield {VARIABLE: json.dumps(servers)}


def _opened(engine: Engine, caller: pwd.struct_passwd, stack: ExitStack) -> dict[str, str]:
    """A server that the stack closes, or why there is none."""
    try:
        root = stack.enter_context(kept_root(engine))
        return {"server": stack.enter_context(_entered(engine, root, caller))}
    except Stop as stop:
        print_stop(stop)
        return {"error": stop.brief}


@contextmanager
def _entered(engine: Engine, root: str, caller: pwd.struct_passwd) -> Iterator[str]:
    """The address of the server in a root; what runs there ends with the block."""
    _sweep()
    with new_folder(engine.name) as run:
        name = f"{_PREFIX}{os.path.basename(run)}"
        folder, group = f"/run/{name}", f"{_groups()}/{name}"
        os.mkdir(folder, 0o711)
        os.mkdir(group)
        address = f"{folder}/{engine.name}"
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
            listener.bind(address)
            os.chown(address, caller.pw_uid, -1)
            os.chmod(address, 0o600)
            listener.listen()
            keeper = _start(root, run, group, listener, caller)
        try:
            yield address
        finally:
            _end(keeper, group)
            _remove(folder)


def _start(
    root: str, run: str, group: str, listener: socket.socket, caller: pwd.struct_passwd
) -> int:
    """Start what keeps the namespaces, and answers at the server; its process id."""
    with open(engine_server.__file__, encoding="utf-8") as file:
        code = file.read()
    inside = pwd.struct_passwd((ACCOUNT, "x", UID, UID, "", f"/home/{ACCOUNT}", "/bin/bash"))
    argv = ["setpriv", "--pdeathsig=KILL", "unshare", *_NAMESPACES, "--propagation=private"]
    argv += ["bash", "-euc", _ENTER, "enter", root, run, str(UID)]
    argv += ["-c", code, str(listener.fileno()), str(caller.pw_uid)]
    said = {name: value for name, value in os.environ.items() if name not in _OF_THIS_MACHINE}
    environment = environment_of(inside, said)

    def body() -> int:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        os.setsid()  # what a terminal sends to its foreground is for the tests, not for the server
        leave_terminal()
        with open(f"{group}/cgroup.procs", "w", encoding="ascii") as file:
            file.write("0")
        os.set_inheritable(listener.fileno(), True)
        os.execvpe(argv[0], argv, environment)  # noqa: S606 (argv, no shell)

    return child(body)


def _end(keeper: int, group: str) -> None:
    """End everything that began with the keeper, and wait until it has."""
    with suppress(ProcessLookupError):
        os.kill(keeper, signal.SIGKILL)
    os.waitpid(keeper, 0)
    deadline = time.monotonic() + _END_SECONDS
    while time.monotonic() < deadline:
        with suppress(OSError):
            os.rmdir(group)  # refused while a process is in it
            return
        time.sleep(_POLL_SECONDS)  # the kernel tells nobody when the last one has gone


def _groups() -> str:
    """The v2 tree of control groups."""
    tree = "/sys/fs/cgroup"
    return f"{tree}/unified" if os.path.isdir(f"{tree}/unified") else tree  # hybrid


def _sweep() -> None:
    """Remove what runs left that were killed; their processes are gone."""
    for parent in ("/run", _groups()):
        for name in os.listdir(parent):
            if name.startswith(_PREFIX) and not is_held(f"{FOLDER}/{name.removeprefix(_PREFIX)}"):
                _remove(f"{parent}/{name}")


def _remove(folder: str) -> None:
    """Remove a folder of sockets, or a control group without processes."""
    with suppress(OSError):
        for name in os.listdir(folder):
            with suppress(OSError):  # the files of a control group go with it
                os.unlink(f"{folder}/{name}")
        os.rmdir(folder)


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Let a signal that ends us end what we began first."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    numbers = (signal.SIGTERM, signal.SIGHUP)
    before = [signal.signal(number, interrupt) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
