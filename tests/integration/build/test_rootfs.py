"""A root file system from the archives themselves: by two processes at once, and after a kill."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tarfile
import time
from contextlib import suppress
from pathlib import Path

import pytest

from pipeline.build.rootfs.apt import Apt
from pipeline.build.rootfs.rootfs import cache_folder, prepare_rootfs
from pipeline.engine.pause_process import NAMES as PAUSE_NAMES
from pipeline.errors import EngineError
from pipeline.spec.model import Rootfs

pytestmark = pytest.mark.integration
CHECKOUT = Path(__file__).parents[3]
SMALL = Rootfs("bookworm", ("base-passwd", "busybox-static"))
PREPARE = """
import os, sys
from pipeline.build.rootfs.apt import Apt
from pipeline.build.rootfs.rootfs import prepare_rootfs
from pipeline.spec.model import Rootfs
made = prepare_rootfs(Rootfs("bookworm", ("base-passwd", "busybox-static")), os.environ, tell=print)
print("tar:", made)
"""


def preparing(cache: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PREPARE],
        env={**os.environ, "XDG_CACHE_HOME": str(cache), "PYTHONPATH": str(CHECKOUT)},
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def test_two_at_once_make_it_once_and_it_holds_what_was_asked_for(tmp_path: Path) -> None:
    told = [process.communicate()[0] for process in [preparing(tmp_path) for _ in range(2)]]
    assert sum("downloading" in text for text in told) == 1, told
    tars = {text.rpartition("tar: ")[2].strip() for text in told}
    assert len(tars) == 1, told
    with tarfile.open(tars.pop()) as tar:
        members = {member.name: member for member in tar.getmembers()}
        passwd = tar.extractfile("etc/passwd")
        assert passwd
        assert passwd.read().startswith(b"root:")
    assert members["bin"].linkname == "usr/bin"
    assert members["usr/bin/busybox"].mode & 0o111
    assert {(member.uid, member.gid) for member in members.values()} == {(0, 0)}

    lines: list[str] = []
    environ = {**os.environ, "XDG_CACHE_HOME": str(tmp_path)}
    prepare_rootfs(SMALL, environ, tell=lines.append)
    assert lines == []
    prepare_rootfs(SMALL, environ, tell=lines.append, refresh=True)
    assert lines[-1] == "nothing newer in the archives"


def test_one_that_is_killed_does_not_disturb_the_next(tmp_path: Path) -> None:
    process = preparing(tmp_path)
    archives = cache_folder({"XDG_CACHE_HOME": str(tmp_path)}) / "apt" / "bookworm"
    deadline = time.monotonic() + 60
    while not archives.exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    tar = prepare_rootfs(
        SMALL, {**os.environ, "XDG_CACHE_HOME": str(tmp_path)}, tell=lambda _line: None
    )
    assert tarfile.is_tarfile(tar)
    assert list(tar.parents[1].glob("making-*")) == []


def test_an_apt_whose_capas_was_killed_is_waited_for(tmp_path: Path) -> None:
    apt = Apt(tmp_path, "bookworm")
    holds = (
        "import fcntl, sys, time\nfile = open(sys.argv[1], 'w')\nfcntl.lockf(file, fcntl.LOCK_EX)\n"
        "print('held', flush=True)\ntime.sleep(1)"
    )
    lock = tmp_path / "lists" / "lock"
    lock.parent.mkdir(exist_ok=True)
    argv = [sys.executable, "-c", holds, str(lock)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        apt.update()
        assert holder.poll() == 0


def test_a_package_that_nobody_has_is_told_in_apts_words(tmp_path: Path) -> None:
    environ = {**os.environ, "XDG_CACHE_HOME": str(tmp_path)}
    with pytest.raises(EngineError, match="apt could not provide") as caught:
        prepare_rootfs(Rootfs("bookworm", ("no-such-package",)), environ, tell=lambda _line: None)
    assert "no-such-package" in caught.value.details


def test_a_mirror_that_accepts_and_never_answers_is_given_up(tmp_path: Path) -> None:
    apt = Apt(tmp_path, "bookworm")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        mirror = f"http://127.0.0.1:{silent.getsockname()[1]}"
        (tmp_path / "sources.list").write_text(f"deb {mirror} bookworm main\n")
        with (tmp_path / "apt.conf").open("a") as configuration:
            # Ours is 20 seconds; the mirror is on this machine, whatever proxy the host has.
            configuration.write('Acquire::http::Timeout "1";\n')
            configuration.write('Acquire::http::Proxy::127.0.0.1 "DIRECT";\n')
        started = time.monotonic()
        with pytest.raises(EngineError, match="apt could not provide") as caught:
            apt.update()
    assert f"Failed to fetch {mirror}" in caught.value.details
    assert time.monotonic() - started < 60


def test_an_interruption_ends_the_download_and_leaves_nothing_half_made(tmp_path: Path) -> None:
    (tmp_path / "Containerfile").write_text("FROM scratch\nADD rootfs.tar /\n")
    (tmp_path / "pipeline.toml").write_text(
        'name = "cut"\n[images.big.versions."1"]\ncontext = "."\n'
        '[images.big.versions."1".rootfs]\nsuite = "bookworm"\npackages = ["postgresql"]\n'
    )
    cache = tmp_path / "cache"
    process = subprocess.Popen(
        [sys.executable, "-m", "pipeline", "build", "--spec=pipeline.toml", "--progress=plain"],
        env={**os.environ, "XDG_CACHE_HOME": str(cache), "PYTHONPATH": str(CHECKOUT)},
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with process:
        assert process.stderr
        assert any("downloading" in line for line in process.stderr)
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert "interrupted" in said
    # Podman's own, which holds a user's namespaces from the first command on, is meant to stay.
    assert set(_processes_that_name(cache)) <= set(PAUSE_NAMES)
    made = cache_folder({"XDG_CACHE_HOME": str(cache)})
    assert list(made.rglob("making-*")) == []
    for tar in made.rglob("rootfs.tar"):  # the download had ended before the signal came
        with tarfile.open(tar) as whole:
            assert "usr/bin/pg_ctlcluster" in whole.getnames()


def _processes_that_name(path: Path) -> list[str]:
    found = []
    for one in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            said = (one / "cmdline").read_bytes() + (one / "environ").read_bytes()
            if str(path).encode() in said:
                found.append((one / "comm").read_text().strip())
    return found
